import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { InvalidTokenError } from '../../oauth/model/errors.ts';
import type { PresentedToken } from '../../oauth/request/principal.ts';
import { pathOf } from '../request-target.ts';
import { MissingTokenError, TokenSentTwiceError } from './errors.ts';

type SentToken = Pick<PresentedToken, 'token' | 'scheme' | 'transport'>;

/** The scheme is compared in any case: RFC 9110 section 11.1. DPoP is that of RFC 9449 section 7.1. */
const SCHEME = /^(bearer|dpop)(?: +(.*))?$/i;
/** `b64token` of RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Whether a request came straight to us, or through a proxy, perhaps from another machine. */
export const routeOf = (headers: IncomingHttpHeaders): PresentedToken['route'] => {
  for (const name in headers) if (name === 'forwarded' || name.startsWith('x-forwarded')) return 'forwarded';
  return 'direct';
};

/** Other schemes are not ours to judge; a scheme without a token is no credential. */
const inHeader = (value: string | string[] | undefined): SentToken | undefined => {
  const match = typeof value === 'string' ? SCHEME.exec(value) : null;
  const token = match?.[2]?.trim();
  if (token === undefined) return undefined;
  return { token, scheme: match?.[1]?.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', transport: 'header' };
};

const inQuery = (query: URLSearchParams | undefined): SentToken | undefined => {
  const [token, ...more] = query?.getAll('access_token') ?? [];
  if (more.length > 0) throw new TokenSentTwiceError();
  return token === undefined ? undefined : { token, scheme: 'bearer', transport: 'query' };
};

/** RFC 6750 section 2: one way of sending a token, once. The project that this API comes from calls its header Authentication. */
const sentToken = ({ headers }: IncomingMessage, query: URLSearchParams | undefined): SentToken => {
  let only = inHeader(headers.authorization);
  for (const other of [inHeader(headers['authentication']), inQuery(query)]) {
    if (other === undefined) continue;
    if (only !== undefined) throw new TokenSentTwiceError();
    only = other;
  }
  if (only === undefined || only.token === '') throw new MissingTokenError();
  if (!TOKEN.test(only.token)) throw new InvalidTokenError();
  return only;
};

/** What a request brings to prove its key, at the address that it came to: Express cuts what a router is mounted on. */
export const sentProof = (request: IncomingMessage & { readonly originalUrl?: string }): PresentedToken['proof'] => {
  const { headers, method = 'GET', originalUrl = request.url } = request;
  const { dpop } = headers;
  return { value: typeof dpop === 'string' ? dpop : undefined, method, path: pathOf(originalUrl ?? '/') };
};

/**
 * The token of a request.
 * @throws MissingTokenError where there is none
 * @throws TokenSentTwiceError where it came in more than one way
 * @throws InvalidTokenError where it has characters that no token has
 */
export const presentedToken = (request: IncomingMessage, query?: URLSearchParams): PresentedToken => {
  const { token, scheme, transport } = sentToken(request, query);
  return { token, scheme, transport, route: routeOf(request.headers), proof: sentProof(request) };
};
