import type { UserStore } from '../model/account-stores.ts';
import type { AuditEventName, AuditLog } from '../model/audit-log.ts';
import { LoginLimitedError, WrongCredentialsError } from '../model/errors.ts';
import type { LoginRequest, LoginService } from './login-service.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { createRequestBrake } from '../limits/request-brake.ts';

/** @returns undefined where the login failed for a reason of ours */
const loginRefusalEvent = (error: unknown): AuditEventName | undefined => {
  if (error instanceof WrongCredentialsError) return 'login.failed';
  return error instanceof LoginLimitedError ? 'login.limited' : undefined;
};

/** How often a lock is told of, to one address about one user: whoever is locked out can ask as fast as he likes. */
const LOCKS_TOLD = { most: 1, windowSeconds: 15 * 60 };

/** Tells the audit log of proofs of a password that were refused. */
export interface LoginRefusals {
  /** What was refused for a reason of ours is told nobody. */
  record(error: unknown, about: Parameters<AuditLog['record']>[1]): Promise<void>;
}

export const createLoginRefusals = ({ auditLog }: { readonly auditLog: AuditLog }): LoginRefusals => {
  const locks = createRequestBrake(LOCKS_TOLD);
  return {
    record: async (error, about) => {
      const event = loginRefusalEvent(error);
      if (event === undefined) return;
      const key = JSON.stringify([about.userId, networkOfAddress(about.address ?? '')]);
      const isNew =
        event !== 'login.limited' ||
        (await locks.take(key).then(
          () => true,
          () => false,
        ));
      if (isNew) auditLog.record(event, about);
    },
  };
};

/** Logins that the audit log tells of. Never of what was typed: people type their password where the name belongs. */
export const createAuditedLogins = (deps: {
  readonly logins: LoginService;
  readonly users: UserStore;
  readonly loginRefusals: LoginRefusals;
  readonly auditLog: AuditLog;
}): LoginService => {
  const recordRefusal = async (error: unknown, { username, address }: LoginRequest): Promise<void> => {
    const user = await deps.users.findByUsername(username.normalize('NFC'));
    const who = user === undefined ? { detail: 'unknown user' } : { userId: user.id };
    await deps.loginRefusals.record(error, { address, ...who });
  };

  return {
    logIn: async (request) => {
      try {
        const user = await deps.logins.logIn(request);
        deps.auditLog.record('login.succeeded', { userId: user.id, address: request.address });
        return user;
      } catch (error) {
        await recordRefusal(error, request);
        throw error;
      }
    },
  };
};
