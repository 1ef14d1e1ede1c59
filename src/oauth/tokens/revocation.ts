import type { Client } from '../model/account-stores.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { TokenStore } from '../model/token-stores.ts';
import type { Principal } from '../request/principal.ts';
import type { TokenReader } from './token-reader.ts';

/** A client that is done with a token. */
export interface RevocationRequest {
  readonly client: Client;
  readonly token: string;
  readonly address: string;
}

/** Token revocation (RFC 7009). */
export interface Revocation {
  /**
   * Ends an access token, or a refresh token with everything that its grant gave (section 2.1). What is no living token
   * of that client is left alone, and looks the same.
   */
  revoke(request: RevocationRequest): Promise<void>;
  /** Ends the grant of a token, with everything that it gave: a program logs out. */
  logOut(principal: Principal, address: string | null): Promise<void>;
}

/** A hint of the token's type saves nothing where both are found by primary key, and is not read. */
export const createRevocation = (deps: {
  readonly tokens: TokenStore;
  readonly tokenReader: TokenReader;
  readonly auditLog: AuditLog;
}): Revocation => {
  const { tokens, tokenReader, auditLog } = deps;

  const record = ({ client, address }: RevocationRequest, userId: string | null, detail: string): void =>
    auditLog.record('token.revoked', { clientId: client.id, userId, address, detail });

  const revokeAccess = async (request: RevocationRequest): Promise<void> => {
    const hash = await tokenReader.hashOf(request.token, 'access');
    const found = hash === undefined ? undefined : await tokens.findAccess(hash);
    if (found?.client.id !== request.client.id) return;
    await tokens.revokeAccess(found.hash);
    record(request, found.user?.id ?? null, 'access token');
  };

  const revokeRefresh = async (request: RevocationRequest): Promise<void> => {
    const hash = await tokenReader.hashOf(request.token, 'refresh');
    const found = hash === undefined ? undefined : await tokens.findRefresh(hash);
    if (found?.family.clientId !== request.client.id) return;
    await tokens.revokeFamily(found.familyId);
    record(request, found.user.id, 'refresh token');
  };

  return {
    revoke: async (request) => {
      await revokeAccess(request);
      await revokeRefresh(request);
    },

    logOut: async (principal, address) => {
      const { familyId, clientId } = principal;
      await tokens.revokeFamily(familyId);
      auditLog.record('logout', { userId: principal.kind === 'user' ? principal.userId : null, clientId, address });
    },
  };
};
