import type { UserStore } from './account-stores.ts';
import type { AuditEventName, AuditLog } from './audit-log.ts';
import { LoginLimitedError, WrongCredentialsError } from './errors.ts';
import type { LoginRequest, LoginService } from './login-service.ts';

/** @returns undefined where the login failed for a reason of ours */
export const loginRefusalEvent = (error: unknown): AuditEventName | undefined => {
  if (error instanceof WrongCredentialsError) return 'login.failed';
  return error instanceof LoginLimitedError ? 'login.limited' : undefined;
};

/** Logins that the audit log tells of. Never of what was typed: people type their password where the name belongs. */
export const createAuditedLogins = (deps: {
  readonly logins: LoginService;
  readonly users: UserStore;
  readonly auditLog: AuditLog;
}): LoginService => {
  const recordRefusal = async (error: unknown, { username, address }: LoginRequest): Promise<void> => {
    const event = loginRefusalEvent(error);
    if (event === undefined) return;
    const user = await deps.users.findByUsername(username.normalize('NFC'));
    deps.auditLog.record(event, { address, ...(user ? { userId: user.id } : { detail: 'unknown user' }) });
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
