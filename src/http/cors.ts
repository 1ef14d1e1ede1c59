import type { IncomingMessage, ServerResponse } from 'node:http';

const EXPOSED = [
  'Location',
  'Link',
  'ETag',
  'Retry-After',
  'Idempotent-Replayed',
  'WWW-Authenticate',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
].join(', ');
const MAX_AGE_SECONDS = 7200;

/**
 * What is open to every origin, without credentials, and by which methods: the API, where the token is the authority, the
 * metadata with its keys, revocation, and what a problem means.
 */
const open: readonly (readonly [RegExp, string])[] = [
  [/^\/rest\/webhooks(?:[/?]|$)/, 'GET, POST, PUT, DELETE'],
  [/^\/rest\//, 'GET, POST, PUT'],
  [/^\/api\/v1\//, 'GET, POST, PUT, DELETE'],
  [/^\/(?:\.well-known|problems)\//, 'GET'],
  [/^\/oauth\/jwks\/?(?:\?|$)/, 'GET'],
  [/^\/oauth\/revoke\/?(?:\?|$)/, 'POST'],
];

/** Of the token endpoint and the like, where only some requests are open: a browser sends nothing there by itself. */
export const allowAnyOrigin = (response: ServerResponse): void => {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, Retry-After, RateLimit, X-Request-Id');
};

const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

/**
 * Whatever is asked for: no credentials of the browser are involved, and pages send headers of their libraries along, such
 * as traceparent. A star would not cover Authorization (Fetch, section 3.3.4).
 */
const allowedHeaders = ({ headers }: IncomingMessage): Record<string, string> => {
  const asked = headers['access-control-request-headers'] ?? '';
  const names = asked.split(',').map((name) => name.trim());
  const allowed = names.filter((name) => HEADER_NAME.test(name)).join(', ');
  return allowed === '' ? {} : { 'Access-Control-Allow-Headers': allowed };
};

/** Says what other origins may send: the methods that are named, and the headers that the preflight asks for. */
export const answerPreflight = (request: IncomingMessage, response: ServerResponse, methods: string): void => {
  response.writeHead(204, {
    'Access-Control-Allow-Methods': methods,
    ...allowedHeaders(request),
    'Access-Control-Max-Age': MAX_AGE_SECONDS,
    Vary: 'Access-Control-Request-Headers',
  });
  response.end();
};

/**
 * Lets front-ends of other origins read the API, its errors included. Pages are never opened.
 * @returns `answered` where the request was a preflight, and has its reply
 */
export const openToOrigins = (request: IncomingMessage, response: ServerResponse): 'answered' | 'to-be-answered' => {
  if (request.headers.origin === undefined) return 'to-be-answered';
  const url = request.url ?? '';
  const methods = open.find(([path]) => path.test(url))?.[1];
  if (methods === undefined) return 'to-be-answered';
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  if (!isPreflight(request)) return 'to-be-answered';
  answerPreflight(request, response, methods);
  return 'answered';
};
