import express, { type Request, type RequestHandler } from 'express';
import { Parameters } from '../../oauth/request/parameters.ts';
import { queryOf } from '../request-target.ts';

/** RFC 6749 appendix B. */
export const FORM = 'application/x-www-form-urlencoded';
const LIMIT = '32kb';

/** A body of another kind than a form. `status` has the meaning it has on the errors of Express's body parsers. */
export class UnsupportedFormError extends Error {
  readonly status = 415;
  constructor() {
    super(`The body must be ${FORM}.`);
    this.name = 'UnsupportedFormError';
  }
}

const readText: RequestHandler = express.text({ type: FORM, limit: LIMIT });

/** Reads the body of a form as it came; `formOf` parses it. */
export const readForm: RequestHandler = (request, response, next) => {
  // null: there is no body at all. One of no bytes needs no type.
  if (request.is(FORM) === false && request.headers['content-length'] !== '0') {
    next(new UnsupportedFormError());
    return;
  }
  readText(request, response, next);
};

/**
 * The parameters of a form that `readForm` read.
 * @throws OAuthError `invalid_request` where they are malformed
 */
export const formOf = (request: Request): Parameters => {
  const body: unknown = request.body;
  return Parameters.parse(typeof body === 'string' ? body : '');
};

/**
 * The parameters of the query.
 * @throws OAuthError `invalid_request` where they are malformed
 */
export const queryParametersOf = (request: Pick<Request, 'originalUrl'>): Parameters =>
  Parameters.parse(queryOf(request.originalUrl));
