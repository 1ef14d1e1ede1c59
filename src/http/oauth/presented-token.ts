import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { InvalidTokenError } from '../../oauth/model/errors.ts';
import type { PresentedToken } from '../../oauth/request/principal.ts';
import { pathOf } from '../request-target.ts';
import { MissingTokenError, TokenSentTwiceError } from './errors.ts';

type Credentials = Pick<PresentedToken, 'token' | 'scheme'>;
type SentToken = Credentials & Pick<PresentedToken, 'transport'>;

/** The scheme is compared in any case: RFC 9110 section 11.1. DPoP is that of RFC 9449 section 7.1. */
const SCHEME = /^(bearer|dpop)(?: +(.*))?$/i;
/** `b64token` of RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Whether a request came straight to us, or through a proxy, perhaps from another machine. */
export const routeOf = (headers: IncomingHttpHeaders): PresentedToken['route'] =>
  Object.keys(headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded')) ? 'forwarded' : 'direct';

/** Other schemes are not ours to judge; a scheme without a token is no credential. */
const inHeader = (value: string | string[] | undefined): Credentials | undefined => {
  const match = typeof value === 'string' ? SCHEME.exec(value) : null;
  const token = match?.[2]?.trim();
  if (token === undefined) return undefined;
  return { token, scheme: match?.[1]?.toLowerCase() === 'dpop' ? 'dpop' : 'bearer' };
};

/** Of both headers: the project that this API comes from calls it Authentication. */
const inHeaders = ({ headers }: IncomingMessage): readonly Credentials[] =>
  [inHeader(headers.authorization), inHeader(headers['authentication'])].filter((sent) => sent !== undefined);

/** RFC 6750 section 2: one way of sending a token, once. */
const sentToken = (request: IncomingMessage, query: URLSearchParams | undefined): SentToken => {
  const sent: readonly SentToken[] = [
    ...inHeaders(request).map((credentials) => ({ ...credentials, transport: 'header' }) as const),
    ...(query?.getAll('access_token') ?? []).map((token) => ({ token, scheme: 'bearer', transport: 'query' }) as const),
  ];
  const [only, ...more] = sent;
  if (more.length > 0) throw new TokenSentTwiceError();
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
export const presentedToken = (request: IncomingMessage, query?: URLSearchParams): PresentedToken => ({
  ...sentToken(request, query),
  route: routeOf(request.headers),
  proof: sentProof(request),
});
