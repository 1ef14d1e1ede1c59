import type { MonotonicClock } from '../../shared/clock.ts';
import { WindowCounter } from '../limits/window-counter.ts';
import type { UserStore } from '../model/account-stores.ts';
import type { AuditEventName, AuditLog, AuditSubject } from '../model/audit-log.ts';
import { LoginLimitedError, WrongCredentialsError } from '../model/errors.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import type { LoginRequest, LoginService } from './login-service.ts';

/** @returns undefined where the login failed for a reason of ours */
const loginRefusalEvent = (error: unknown): AuditEventName | undefined => {
  if (error instanceof WrongCredentialsError) return 'login.failed';
  return error instanceof LoginLimitedError ? 'login.limited' : undefined;
};

/** Once in so long a lock is recorded for one address and user: a client that is locked out can try as fast as it likes. */
const LOCK_RECORDED_EVERY_SECONDS = 15 * 60;

/** Writes to the audit log which proofs of a password were refused. */
export class LoginRefusals {
  readonly #auditLog: AuditLog;
  readonly #locks: WindowCounter;

  constructor(auditLog: AuditLog, clock: MonotonicClock) {
    this.#auditLog = auditLog;
    this.#locks = new WindowCounter(LOCK_RECORDED_EVERY_SECONDS, clock);
  }

  /**
   * A login that failed for a reason of ours is not recorded. What strangers can do from any number of addresses is counted;
   * the lock of an account bounds how often its own failures can be listed.
   */
  record(error: unknown, about: AuditSubject): void {
    const event = loginRefusalEvent(error);
    if (event === 'login.limited') {
      if (this.#isNewLock(about)) this.#auditLog.count(event, about);
    } else if (event !== undefined) {
      const isMadeUp = about.userId === undefined || about.userId === null;
      this.#auditLog[isMadeUp ? 'count' : 'record'](event, about);
    }
  }

  #isNewLock({ userId, address }: AuditSubject): boolean {
    return this.#locks.count(JSON.stringify([userId, networkOfAddress(address ?? '')])).count === 1;
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
    const user = await deps.users.findByUsername(username.normalize('NFC'));
    const who = user === undefined ? { detail: 'unknown user' } : { userId: user.id };
    deps.loginRefusals.record(error, { address, ...who });
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
