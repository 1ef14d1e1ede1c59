import { z } from 'zod';
import type { Authorization } from '../../oauth/authorization.ts';
import { routeOf } from '../../http/oauth/presented-token.ts';
import { InvalidFieldsError } from '../page/errors.ts';
import { fieldsOf } from '../page/page-body.ts';
import { createSessionStart, type SessionStartDeps } from '../login/session-start.ts';
import type { Visit } from '../page/visit.ts';

/** `repeated_password` is what a person typed the second time; a program need not. */
const passwordChange = z.object({
  current_password: z.string(),
  new_password: z.string(),
  repeated_password: z.string().optional(),
});

/**
 * Changes the password as the body of the request asks. All sessions are over then; this browser or program goes on in a new
 * one.
 * @throws InvalidFieldsError, and what `AccountService` throws
 */
export const createPasswordChange = (deps: SessionStartDeps & Pick<Authorization, 'accountService'>) => {
  const startSession = createSessionStart(deps);

  return async (visit: Visit): Promise<void> => {
    const { request, response } = visit;
    const { current_password, new_password, repeated_password } = fieldsOf(request, passwordChange);
    if (repeated_password !== undefined && repeated_password !== new_password) {
      throw new InvalidFieldsError('The new password was not typed the same way twice.');
    }
    const passwords = { currentPassword: current_password, newPassword: new_password };
    const user = await deps.accountService.changePassword(visit, { ...passwords, route: routeOf(request.headers) });
    await startSession(request, response, user);
  };
};
