import type { Request, Response } from 'express';
import type { User, UserStore } from '../../oauth/model/account-stores.ts';
import { WrongCredentialsError } from '../../oauth/model/errors.ts';
import type { WallClock } from '../../shared/clock.ts';
import { logIn, logOut } from './session.ts';

export interface SessionStartDeps {
  readonly users: UserStore;
  readonly clock: WallClock;
}

/**
 * Starts the session of a user who has just logged in, as the account was then.
 * @throws WrongCredentialsError when the password or the status of the account has changed meanwhile
 */
export const createSessionStart =
  ({ users, clock }: SessionStartDeps) =>
  async (request: Request, response: Response, proven: User): Promise<void> => {
    await logIn(request, { user: proven, at: clock.now() });
    const now = await users.find(proven.id);
    if (now?.passwordHash === proven.passwordHash && now.status === proven.status) return;
    // A new password ends the sessions that it finds; one that starts just behind it has to end itself.
    await logOut(request, response);
    throw new WrongCredentialsError();
  };
