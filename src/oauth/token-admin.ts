import { UnknownAccountError } from './errors.ts';
import type { UserStore } from './account-stores.ts';
import { claimedHashOf } from './token-reader.ts';
import type { TokenStore } from './token-stores.ts';

/** Revokes tokens, for whoever administers the service: at once, in a running service too. */
export interface TokenAdmin {
  /** Revokes the family of an access or a refresh token. @returns whether there was one */
  revoke(token: string): Promise<'revoked' | 'unknown'>;
  /**
   * Revokes every family of a user, of a client, or of a user at a client.
   * @returns how many
   * @throws UnknownAccountError
   */
  revokeAll(of: { readonly username?: string; readonly clientId?: string }): Promise<number>;
}

export const createTokenAdmin = (deps: { readonly tokens: TokenStore; readonly users: UserStore }): TokenAdmin => ({
  revoke: async (token) => {
    const family = await deps.tokens.findFamily(claimedHashOf(token));
    if (family === undefined) return 'unknown';
    await deps.tokens.revokeFamily(family.id);
    return 'revoked';
  },

  revokeAll: async ({ username, clientId }) => {
    const ofClient = clientId === undefined ? {} : { clientId };
    if (username === undefined) return deps.tokens.revokeMatching(ofClient);
    const user = await deps.users.findByUsername(username);
    if (user === undefined) throw new UnknownAccountError(`There is no user ${username}.`);
    return deps.tokens.revokeMatching({ ...ofClient, userId: user.id });
  },
});
