import { z } from 'zod';
import { routeOf } from '../../http/oauth/presented-token.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import type { PageRequest } from '../login/page-request.ts';
import { createSessionStart, type SessionStartDeps } from '../login/session-start.ts';
import { InvalidFieldsError } from '../page/errors.ts';
import { fieldsOf } from '../page/page-body.ts';

/** `repeated_password` is what was typed into the form the second time; a program need not send it. */
const passwordChange = z.object({
  current_password: z.string(),
  new_password: z.string(),
  repeated_password: z.string().optional(),
});

/**
 * Changes the password as the body of the request asks. All sessions are over then; this browser or program gets a new one.
 * @throws InvalidFieldsError when the body is no such form, or the two new passwords differ
 * @throws WrongCredentialsError when the current password is wrong, or the account has changed meanwhile
 * @throws LoginLimitedError after too many wrong ones
 * @throws InvalidAccountError when the new password is too short
 * @throws SandboxAccountError when the account is one of the sandbox
 */
export const createPasswordChange = (deps: SessionStartDeps & Pick<Authorization, 'accountService'>) => {
  const startSession = createSessionStart(deps);

  return async (pageRequest: PageRequest): Promise<void> => {
    const { request, response } = pageRequest;
    const { current_password, new_password, repeated_password } = fieldsOf(request, passwordChange);
    if (repeated_password !== undefined && repeated_password !== new_password) {
      throw new InvalidFieldsError('The new password was not typed the same way twice.');
    }
    const passwords = { currentPassword: current_password, newPassword: new_password };
    const user = await deps.accountService.changePassword(pageRequest, {
      ...passwords,
      route: routeOf(request.headers),
    });
    await startSession(request, response, user);
  };
};
