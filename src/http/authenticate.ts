import type { IncomingMessage } from 'node:http';
import { InsufficientScopeError } from '../oauth/model/errors.ts';
import { presentedToken } from '../oauth/request/presented-token.ts';
import type { TokenVerifier, UserPrincipal } from '../oauth/request/principal.ts';

/**
 * On whose behalf a request acts.
 * @throws MissingTokenError when there is no token
 * @throws TokenSentTwiceError when there are two
 * @throws InvalidTokenError when it is not valid, or not any more
 * @throws InvalidProofError when it is bound to a key that the request does not prove (RFC 9449)
 * @throws InsufficientScopeError when the token stands for a client, and so for no user
 */
export const authenticate = async (
  verifier: TokenVerifier,
  request: IncomingMessage,
  query: URLSearchParams | undefined,
): Promise<UserPrincipal> => {
  const principal = await verifier.verify(presentedToken(request, query));
  if (principal.kind === 'user') return principal;
  throw new InsufficientScopeError('This token stands for an application and acts for no user.');
};
