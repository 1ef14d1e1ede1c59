import type { WallClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { createUserAdmin, type UserAdmin } from './accounts/user-admin.ts';
import { type ClientAdmin, createClientAdmin } from './clients/client-admin.ts';
import { type AuditLog, createAuditLog } from './model/audit-log.ts';
import type { PasswordHasher } from './model/secrets.ts';
import type { OAuthStores } from './model/stores.ts';
import { createTokenAdmin, type TokenAdmin } from './tokens/token-admin.ts';

/** What an operator does to accounts, clients and tokens by commands and by the configuration file. */
export interface OAuthAdministration {
  readonly users: UserAdmin;
  readonly clients: ClientAdmin;
  readonly tokens: TokenAdmin;
  /** Records what is done here; it comes from no address. */
  readonly auditLog: AuditLog;
}

export interface OAuthAdministrationParts {
  readonly stores: Pick<OAuthStores, 'users' | 'clients' | 'tokens' | 'audit'>;
  readonly hasher: PasswordHasher;
  readonly clock: WallClock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** Works beside a running service, on the same stores. */
export const createAdministration = (parts: OAuthAdministrationParts): OAuthAdministration => {
  const { hasher, clock, ids, log } = parts;
  const { users, clients, tokens, audit } = parts.stores;
  const auditLog = createAuditLog({ audit, clock, log });
  return {
    users: createUserAdmin({ users, hasher, clock, ids }),
    clients: createClientAdmin({ clients, clock, ids }),
    tokens: createTokenAdmin({ tokens, users, auditLog }),
    auditLog,
  };
};
