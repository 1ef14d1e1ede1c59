import type { Request, Response } from 'express';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { routeOf } from './presented-token.ts';
import { WrongCredentialsError } from '../../oauth/model/errors.ts';
import type { LoginService } from '../../oauth/accounts/login-service.ts';
import { settle } from '../../shared/settle.ts';
import type { User } from '../../oauth/model/account-stores.ts';

/** The ways in which a person proves who he is: one, so far. */
export interface Authenticators {
  /**
   * By `username` and `password` of the parsed body. The strategy would read them from the query too: whoever calls this
   * has refused them there. The session is the caller's affair.
   * @throws WrongCredentialsError
   * @throws LoginLimitedError
   */
  byPassword(request: Request, response: Response): Promise<User>;
}

export const createAuthenticators = (deps: { readonly logins: LoginService }): Authenticators => {
  const authenticator = new passport.Passport();
  authenticator.use(
    new Strategy({ passReqToCallback: true, session: false }, (request, username, password, done) => {
      const credentials = { username, password, address: request.ip ?? '', route: routeOf(request.headers) };
      settle(deps.logins.logIn(credentials), (error, user) => done(error, user));
    }),
  );

  return {
    byPassword: (request, response) =>
      new Promise((resolve, reject) => {
        const done = (error: Error | null, user?: User | false): void => {
          if (user !== undefined && user !== false) resolve(user);
          else reject(error ?? new WrongCredentialsError());
        };
        const authenticate = authenticator.authenticate('local', done) as (
          request: Request,
          response: Response,
          next: (error?: Error) => void,
        ) => void;
        authenticate(request, response, (error) => reject(error ?? new WrongCredentialsError()));
      }),
  };
};
