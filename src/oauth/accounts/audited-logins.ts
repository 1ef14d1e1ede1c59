import { RequestRateLimit } from '../limits/request-rate-limit.ts';
import type { UserStore } from '../model/account-stores.ts';
import type { AuditEventName, AuditLog } from '../model/audit-log.ts';
import { LoginLimitedError, WrongCredentialsError } from '../model/errors.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import type { LoginRequest, LoginService } from './login-service.ts';

/** @returns undefined where the login failed for a reason of ours */
const loginRefusalEvent = (error: unknown): AuditEventName | undefined => {
  if (error instanceof WrongCredentialsError) return 'login.failed';
  return error instanceof LoginLimitedError ? 'login.limited' : undefined;
};

/** How often a lock is recorded for one address and user: a client that is locked out can try as fast as it likes. */
const LOCKS_RECORDED = { most: 1, windowSeconds: 15 * 60 };

/** Writes to the audit log which proofs of a password were refused. */
export class LoginRefusals {
  readonly #auditLog: AuditLog;
  readonly #locks = new RequestRateLimit(LOCKS_RECORDED);

  constructor(auditLog: AuditLog) {
    this.#auditLog = auditLog;
  }

  /** A login that failed for a reason of ours is not recorded. */
  async record(error: unknown, about: Parameters<AuditLog['record']>[1]): Promise<void> {
    const event = loginRefusalEvent(error);
    if (event === undefined) return;
    if (event !== 'login.limited' || (await this.#isNewLock(about))) this.#auditLog.record(event, about);
  }

  #isNewLock({ userId, address }: Parameters<AuditLog['record']>[1]): Promise<boolean> {
    return this.#locks.take(JSON.stringify([userId, networkOfAddress(address ?? '')])).then(
      () => true,
      () => false,
    );
  }
}

/** Logins that the audit log records. Never what was typed: people type their password where the name belongs. */
export const createAuditedLogins = (deps: {
  readonly logins: LoginService;
  readonly users: UserStore;
  readonly loginRefusals: LoginRefusals;
  readonly auditLog: AuditLog;
}): LoginService => {
  const recordRefusal = async (error: unknown, { username, address }: LoginRequest): Promise<void> => {
    const user = await deps.users.findByUsername(username);
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
