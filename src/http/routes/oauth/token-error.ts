import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler } from 'express';
import { InvalidProofError } from '../../../oauth/model/errors.ts';
import { AppError, type ErrorKind } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import { BASIC_CHALLENGE } from '../../challenge.ts';
import { HttpError } from '../../errors.ts';
import { retryHeaders } from '../../rate-limit.ts';

/** The body of RFC 6749 section 5.2. */
interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly description?: string;
}

/** What Express's body parsers refuse, and why: their texts show our insides. */
const unreadable: Readonly<Record<number, string>> = {
  400: 'The body could not be read.',
  413: 'The body is too large.',
  415: 'The body must be application/x-www-form-urlencoded in UTF-8.',
};

/** What the client gets to know; any other kind is a fault of ours. */
const statusOfKind: Partial<Readonly<Record<ErrorKind, number>>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  limited: 429,
};

/** RFC 9449 section 5: a proof is no authentication of the client here. */
const statusOf = (error: AppError): number | undefined =>
  error instanceof InvalidProofError ? 400 : statusOfKind[error.kind];

const refusalOf = (error: unknown): Refusal => {
  if (error instanceof HttpError) {
    return { status: error.status, error: 'invalid_request', description: unreadable[error.status] ?? error.message };
  }
  const status = error instanceof AppError ? statusOf(error) : undefined;
  if (error instanceof AppError && status !== undefined) {
    return { status, error: error.code, description: error.message };
  }
  const thrownStatus = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  const description = unreadable[thrownStatus];
  return description === undefined
    ? { status: 500, error: 'server_error' }
    : { status: thrownStatus, error: 'invalid_request', description };
};

/** Sends an error as RFC 6749 section 5.2: JSON, nothing of our insides, and what is unknown is logged once. */
export const sendTokenError = (
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  error: unknown,
  log: Log,
): void => {
  const { status, error: code, description } = refusalOf(error);
  if (status === 500) log.error({ err: error }, 'a token request failed');
  if (status === 401 && request.headers.authorization !== undefined) {
    response.setHeader('WWW-Authenticate', BASIC_CHALLENGE);
  }
  if (error instanceof HttpError) response.setHeaders(new Headers(error.headers));
  if (error instanceof AppError) response.setHeaders(new Headers(retryHeaders(error)));
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error: code, error_description: description }));
};

/** The same, where Express routes. */
export const createTokenErrorHandler =
  ({ log }: { readonly log: Log }): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    if (response.headersSent) next(error);
    else sendTokenError({ request, response }, error, log);
  };
