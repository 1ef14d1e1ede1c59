import type { Request, RequestHandler } from 'express';
import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** A form of another site tried to act with the session of our user. */
export class CrossSiteRequestError extends AppError {
  readonly code = 'cross_site_request';
  readonly kind: ErrorKind = 'forbidden';
  constructor() {
    super('This request came from another site. Open the page here and try again.');
  }
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Guards the routes that use the session cookie: what changes state must come from a page of ours. A browser says so
 * itself, in headers that no script can forge; a program without a browser sends neither and has no cookie to steal.
 * Links from other sites to our pages stay possible: an authorization starts with one.
 *
 * @param options.publicUrl - our own origin is taken from it, never from the request
 * @returns middleware that passes a `CrossSiteRequestError` (403) on
 */
export const createCsrfGuard = (options: { readonly publicUrl: string }): RequestHandler => {
  const ownOrigin = new URL(options.publicUrl).origin;
  const isOurs = (request: Request): boolean => {
    const site = request.get('Sec-Fetch-Site');
    if (site !== undefined) return site === 'same-origin';
    const origin = request.get('Origin');
    return origin === undefined || origin === ownOrigin;
  };
  return (request, _response, next) => {
    next(safeMethods.has(request.method) || isOurs(request) ? undefined : new CrossSiteRequestError());
  };
};
