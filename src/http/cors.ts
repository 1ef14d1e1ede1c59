import type { IncomingMessage, ServerResponse } from 'node:http';

const METHODS = 'GET, POST, PUT';
/** A star does not cover Authorization: Fetch, section 3.3.4. */
const REQUEST_HEADERS =
  'Authorization, Authentication, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, DPoP';
const EXPOSED = 'Location, ETag, Retry-After, Idempotent-Replayed, WWW-Authenticate';
const MAX_AGE_SECONDS = 7200;

/**
 * The API, the metadata with its keys, and revocation are open to every origin, without credentials: the token is the
 * authority.
 */
const OPEN = /^\/(?:rest\/|\.well-known\/|oauth\/(?:jwks|revoke)\/?(?:\?|$))/;

/** Of the token endpoint and the like, where only some requests are open: a browser sends nothing there by itself. */
export const allowAnyOrigin = (response: ServerResponse): void => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, Retry-After');
};

const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

const answerPreflight = (response: ServerResponse): void => {
  response.writeHead(204, {
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers': REQUEST_HEADERS,
    'Access-Control-Max-Age': MAX_AGE_SECONDS,
  });
  response.end();
};

/**
 * Lets front-ends of other origins read the API, its errors included. Pages are never opened.
 * @returns `answered` where the request was a preflight, and has its reply
 */
export const openToOrigins = (request: IncomingMessage, response: ServerResponse): 'answered' | 'to-be-answered' => {
  if (request.headers.origin === undefined || !OPEN.test(request.url ?? '')) return 'to-be-answered';
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  if (!isPreflight(request)) return 'to-be-answered';
  answerPreflight(response);
  return 'answered';
};
