import type { Response } from 'express';

/** RFC 9110 section 15.4.4: whatever the method was, the browser asks for the address by GET. */
export const seeOther = (response: Response, address: string): void =>
  void response.status(303).set('Location', address).end();
