import type { UserStore } from '../model/account-stores.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { UnknownAccountError } from '../model/errors.ts';
import type { TokenStore } from '../model/token-stores.ts';
import { claimedHashOf } from './token-reader.ts';

/** Revokes tokens, for the administrator of the service: at once, in a running service too. */
export interface TokenAdmin {
  /**
   * Revokes the family of an access or a refresh token.
   * @returns whether there was one
   */
  revoke(token: string): Promise<'revoked' | 'unknown'>;
  /**
   * Revokes every family of a user, of a client, or of a user at a client.
   * @returns how many
   * @throws UnknownAccountError where there is no such user
   */
  revokeAll(of: { readonly username?: string; readonly clientId?: string }): Promise<number>;
}

export const createTokenAdmin = (deps: {
  readonly tokens: TokenStore;
  readonly users: UserStore;
  readonly auditLog: AuditLog;
}): TokenAdmin => {
  const { tokens, users, auditLog } = deps;

  const userIdOf = async (username: string): Promise<string> => {
    const user = await users.findByUsername(username);
    if (user === undefined) throw new UnknownAccountError(`There is no user ${username}.`);
    return user.id;
  };

  return {
    revoke: async (token) => {
      const family = await tokens.findFamily(claimedHashOf(token));
      if (family === undefined) return 'unknown';
      const { id, userId, clientId } = family;
      await tokens.revokeFamily(id);
      auditLog.record('token.revoked', { userId, clientId, detail: 'by an administrator' });
      return 'revoked';
    },

    revokeAll: async ({ username, clientId }) => {
      const filter = {
        ...(clientId !== undefined && { clientId }),
        ...(username !== undefined && { userId: await userIdOf(username) }),
      };
      const count = await tokens.revokeMatching(filter);
      auditLog.record('token.revoked', { ...filter, detail: `${count} grants, by an administrator` });
      return count;
    },
  };
};
