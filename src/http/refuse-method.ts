import type { RequestHandler } from 'express';
import { MethodNotAllowedError } from './errors.ts';

/** Comes after the methods of an address: OPTIONS is told which they are, any other is refused with them. */
export const refuseMethod =
  (allow: string): RequestHandler =>
  (request, response) => {
    // Set here, it stands whoever writes the reply: a page, a problem or an error of OAuth.
    response.setHeader('Allow', allow);
    if (request.method !== 'OPTIONS') throw new MethodNotAllowedError(allow);
    response.writeHead(204).end();
  };
