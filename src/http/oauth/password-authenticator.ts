import type { Request, Response } from 'express';
import passport from 'passport';
import { Strategy } from 'passport-local';
import type { Authorization } from '../../oauth/authorization.ts';
import type { User } from '../../oauth/model/account-stores.ts';
import { WrongCredentialsError } from '../../oauth/model/errors.ts';
import { settle } from '../../shared/settle.ts';
import { routeOf } from './presented-token.ts';

/**
 * Finds out who a person is, by `username` and `password` of the parsed body. The strategy would read them from the query
 * too: the caller has refused them there. The session is the caller's affair.
 * @throws WrongCredentialsError where they are not right
 * @throws LoginLimitedError after too many failures
 */
export type AuthenticateByPassword = (request: Request, response: Response) => Promise<User>;

export const createPasswordAuthenticator = ({ logins }: Pick<Authorization, 'logins'>): AuthenticateByPassword => {
  const authenticator = new passport.Passport();
  authenticator.use(
    new Strategy({ passReqToCallback: true, session: false }, (request, username, password, done) => {
      const credentials = { username, password, address: request.ip ?? '', route: routeOf(request.headers) };
      settle(logins.logIn(credentials), (error, user) => done(error, user));
    }),
  );

  return (request, response) =>
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
    });
};
