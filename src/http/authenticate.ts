import type { IncomingMessage } from 'node:http';
import { routeOf } from '../oauth/admission.ts';
import { InvalidTokenError, MissingTokenError } from '../oauth/errors.ts';
import type { Principal, TokenTransport, TokenVerifier } from '../oauth/principal.ts';
import { TokenSentTwiceError } from './errors.ts';

interface SentToken {
  readonly token: string;
  readonly transport: TokenTransport;
}

/** The scheme is compared in any case: RFC 9110 section 11.1. */
const BEARER = /^bearer(?: +(.*))?$/i;
/** `b64token` of RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Other schemes are not ours to judge; `Bearer` without a token is no credential. */
const inHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? BEARER.exec(value)?.[1]?.trim() : undefined;

/** RFC 6750 section 2: one way of sending a token, once. */
const sentToken = ({ headers }: IncomingMessage, query: URLSearchParams | undefined): SentToken => {
  const authorization = inHeader(headers.authorization);
  // The project that this API comes from calls the header so.
  const authentication = headers['authentication'] === undefined ? undefined : inHeader(headers['authentication']);
  const header = authorization ?? authentication;
  const inQuery = query?.getAll('access_token') ?? [];
  const sent = [authorization, authentication, ...inQuery].filter((token) => token !== undefined);
  if (sent.length > 1) throw new TokenSentTwiceError();
  const [token] = sent;
  if (token === undefined || token === '') throw new MissingTokenError();
  if (!TOKEN.test(token)) throw new InvalidTokenError();
  return { token, transport: header === undefined ? 'query' : 'header' };
};

/**
 * On whose behalf a request acts.
 * @throws MissingTokenError, InvalidTokenError, TokenSentTwiceError
 */
export const authenticate = (
  verifier: TokenVerifier,
  request: IncomingMessage,
  query: URLSearchParams | undefined,
): Promise<Principal> => {
  const { token, transport } = sentToken(request, query);
  return verifier.verify(token, transport, routeOf(request.headers));
};
