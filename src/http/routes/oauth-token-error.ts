import type { ErrorRequestHandler } from 'express';
import { OAuthError } from '../../oauth/errors.ts';
import type { Log } from '../../shared/log.ts';

/** The body of RFC 6749 section 5.2. */
interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly description?: string;
}

/** What Express's body parsers refuse, and why: their texts tell of insides. */
const unreadable: Readonly<Record<number, string>> = {
  400: 'The body could not be read.',
  413: 'The body is too large.',
  415: 'The body must be application/x-www-form-urlencoded in UTF-8.',
};

const refusalOf = (error: unknown): Refusal => {
  if (error instanceof OAuthError) {
    return { status: error.code === 'invalid_client' ? 401 : 400, error: error.code, description: error.message };
  }
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  const description = unreadable[status];
  return description === undefined
    ? { status: 500, error: 'server_error' }
    : { status, error: 'invalid_request', description };
};

/** Answers for the token endpoint: always JSON, nothing of our insides, and what is unknown is logged once. */
export const createTokenErrorHandler =
  ({ log }: { readonly log: Log }): ErrorRequestHandler =>
  (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status, error: code, description } = refusalOf(error);
    if (status === 500) log.error({ err: error }, 'a token request failed');
    if (status === 401 && request.headers.authorization !== undefined) {
      response.set('WWW-Authenticate', 'Basic realm="Offhook", charset="UTF-8"');
    }
    response
      .status(status)
      .json({ error: code, ...(description === undefined ? {} : { error_description: description }) });
  };
