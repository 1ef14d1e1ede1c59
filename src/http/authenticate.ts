import type { IncomingMessage } from 'node:http';
import { InsufficientScopeError } from '../oauth/model/errors.ts';
import type { Principal, TokenVerifier, UserPrincipal } from '../oauth/request/principal.ts';
import { presentedToken } from './oauth/presented-token.ts';

/**
 * On whose behalf a request acts.
 * @throws MissingTokenError when the request has no token
 * @throws TokenSentTwiceError when it has one in two places
 * @throws InvalidTokenError when the token is unknown, expired or revoked
 * @throws InvalidProofError when the token is bound to a key and the request does not prove it
 * @throws InsufficientScopeError when the token stands for a client, and so for no user
 */
export const authenticate = async (
  verifier: TokenVerifier,
  request: IncomingMessage,
  query: URLSearchParams | undefined,
): Promise<UserPrincipal> => {
  const principal = await authenticateAny(verifier, request, query);
  if (principal.kind === 'user') return principal;
  throw new InsufficientScopeError('This token stands for an application and acts for no user.');
};

/**
 * On whose behalf a request acts, an application's own included.
 * @throws MissingTokenError when the request has no token
 * @throws TokenSentTwiceError when it has one in two places
 * @throws InvalidTokenError when the token is unknown, expired or revoked
 * @throws InvalidProofError when the token is bound to a key and the request does not prove it
 */
export const authenticateAny = (
  verifier: TokenVerifier,
  request: IncomingMessage,
  query: URLSearchParams | undefined,
): Promise<Principal> => verifier.verify(presentedToken(request, query));
