import type { Clock } from '../shared/clock.ts';
import type { Admission } from './admission.ts';
import { InvalidTokenError } from './errors.ts';
import { permissionsOf } from './permissions.ts';
import type { Principal, TokenTransport, TokenVerifier } from './principal.ts';
import { hashSecret } from './secrets.ts';
import type { AccessTokenView, TokenStore } from './token-stores.ts';

const TOKEN_ID_LENGTH = 16;

const mayTravelSo = (token: AccessTokenView, transport: TokenTransport): boolean =>
  transport === 'header' || token.client.tokenInQuery === 'allowed';

const principalOf = ({ user, client, scopes, familyId, hash }: AccessTokenView): Principal => ({
  userId: user.id,
  username: user.username,
  role: user.role,
  clientId: client.id,
  scopes,
  permissions: permissionsOf(scopes, user.role),
  familyId,
  tokenId: hash.slice(0, TOKEN_ID_LENGTH),
});

/** Checks an opaque token with one query; it runs for every request of the API, and keeps nothing between two. */
export const createTokenVerifier = (deps: {
  readonly tokens: TokenStore;
  readonly admission: Admission;
  readonly clock: Clock;
}): TokenVerifier => ({
  verify: async (token, transport, route = 'direct') => {
    const found = await deps.tokens.findAccess(hashSecret(token));
    if (
      found === undefined ||
      found.expiresAt <= deps.clock.now() ||
      !deps.admission.admits(found.user, route) ||
      !deps.admission.admits(found.client, route) ||
      !mayTravelSo(found, transport)
    ) {
      throw new InvalidTokenError();
    }
    return principalOf(found);
  },
});
