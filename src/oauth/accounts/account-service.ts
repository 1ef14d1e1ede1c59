import type { User } from '../model/account-stores.ts';
import type { RequestRoute } from '../model/admission.ts';
import { type Actor, auditedActor, type AuditLog } from '../model/audit-log.ts';
import { SandboxAccountError } from '../model/errors.ts';
import type { LoginRefusals } from './audited-logins.ts';
import type { LoginService } from './login-service.ts';
import type { UserAdmin } from './user-admin.ts';

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
  /** How the request came. */
  readonly route: RequestRoute;
}

/** What a person does with their own account. */
export interface AccountService {
  /**
   * Ends every session of the person and revokes all their tokens. Wrong guesses of the current password count as failed
   * logins.
   * @returns the person, as of the change
   * @throws WrongCredentialsError where the current password is not right
   * @throws LoginLimitedError after too many failures
   * @throws InvalidAccountError where the new password is too short
   * @throws SandboxAccountError where the account belongs to the sandbox
   */
  changePassword(person: Actor, change: PasswordChange): Promise<User>;
}

export const createAccountService = (deps: {
  /** Not the audited ones: this is no login. */
  readonly logins: LoginService;
  readonly loginRefusals: LoginRefusals;
  readonly userAdmin: Pick<UserAdmin, 'setPassword'>;
  readonly auditLog: AuditLog;
}): AccountService => {
  const prove = async (person: Actor, { currentPassword, route }: PasswordChange): Promise<void> => {
    const { username } = person.user;
    const request = { username, password: currentPassword, address: person.address ?? '', route };
    try {
      await deps.logins.logIn(request);
    } catch (error) {
      deps.loginRefusals.record(error, { ...auditedActor(person), detail: 'change of password' });
      throw error;
    }
  };

  return {
    changePassword: async (person, change) => {
      if (person.user.sandbox) throw new SandboxAccountError();
      await prove(person, change);
      const user = await deps.userAdmin.setPassword(person.user.username, change.newPassword);
      deps.auditLog.record('password.changed', auditedActor(person));
      return user;
    },
  };
};
