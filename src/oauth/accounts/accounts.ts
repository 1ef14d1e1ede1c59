import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { ConcurrencyLimit, type ConcurrencyLimitOptions } from '../limits/concurrency-limit.ts';
import { LoginLockout } from '../limits/login-lockout.ts';
import type { User, UserStore } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { PasswordHasher } from '../model/secrets.ts';
import type { OAuthStores } from '../model/stores.ts';
import { type AccountService, createAccountService } from './account-service.ts';
import { type AuditTrail, createAuditTrail } from './audit-trail.ts';
import { createAuditedLogins, LoginRefusals } from './audited-logins.ts';
import { createLoginService, type LoginService } from './login-service.ts';
import { createUserAdmin } from './user-admin.ts';

/** Who a session's user is now: the account may have ended since the login. */
export interface CurrentUser {
  /** @returns undefined where no user is logged in, or the account may not be used any more */
  find(userId: string | undefined, route: RequestRoute): Promise<User | undefined>;
}

export const createCurrentUser = (deps: { readonly users: UserStore; readonly admission: Admission }): CurrentUser => ({
  find: async (userId, route) => {
    const user = userId === undefined ? undefined : await deps.users.find(userId);
    return user !== undefined && deps.admission.admits(user, route) ? user : undefined;
  },
});

/** People: their logins, and what they do with their own accounts. */
export interface Accounts {
  readonly logins: LoginService;
  readonly currentUser: CurrentUser;
  readonly accountService: AccountService;
  readonly auditTrail: AuditTrail;
}

export const createAccounts = (parts: {
  readonly stores: Pick<OAuthStores, 'users' | 'loginAddresses' | 'audit'>;
  readonly hasher: PasswordHasher;
  /** How many passwords are checked at once, and how many wait. */
  readonly loginLimit: ConcurrencyLimitOptions;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Accounts => {
  const { hasher, admission, auditLog, clock, ids } = parts;
  const { users, loginAddresses, audit } = parts.stores;
  const loginRefusals = new LoginRefusals(auditLog, clock);
  const passwords = createLoginService({
    users,
    loginAddresses,
    hasher,
    admission,
    clock,
    lockout: new LoginLockout(clock),
    limit: new ConcurrencyLimit(parts.loginLimit),
  });
  return {
    logins: createAuditedLogins({ logins: passwords, users, loginRefusals, auditLog }),
    currentUser: createCurrentUser({ users, admission }),
    accountService: createAccountService({
      logins: passwords,
      loginRefusals,
      auditLog,
      userAdmin: createUserAdmin({ users, hasher, clock, ids }),
    }),
    auditTrail: createAuditTrail({ audit, users }),
  };
};
