import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import { InvalidTokenError, MissingCredentialsError, WrongCredentialsError } from '../../../oauth/model/errors.ts';
import { readFields } from '../../body.ts';
import { BASIC_CHALLENGE } from '../../challenge.ts';
import { InvalidRequestError, UnsupportedMediaTypeError } from '../../errors.ts';
import { queryParametersOf } from '../../oauth/form.ts';
import { presentedToken, routeOf } from '../../oauth/presented-token.ts';
import { refuseMethod } from '../../refuse-method.ts';
import { noStore } from '../../reply.ts';

type BasicLogin = NonNullable<Authorization['basicLogin']>;

export interface BasicLoginRouterParts extends Pick<Authorization, 'tokenVerifier' | 'revocation'> {
  readonly basicLogin: BasicLogin;
}

type BasicLoginRequest = Parameters<BasicLogin['logIn']>[0];
type LoginTokens = Awaited<ReturnType<BasicLogin['logIn']>>;

const OTHER_BASE = '/api/core/v2';

/** Each address is there twice: the API that these come from has a version in its paths. */
const inBoth = (path: string): string[] => [path, `${OTHER_BASE}${path}`];

const paths = { logIn: inBoth('/auth'), test: inBoth('/auth/test'), renew: inBoth('/auth/token') };
/** Its other address is the page's, which knows sessions. */
const logoutPath = `${OTHER_BASE}/auth/logout`;

const SECRETS = ['username', 'password', 'access_token', 'refresh_token'];

/** What is in an address ends up in logs and histories. */
const guard: RequestHandler = (request, response, next) => {
  response.set(noStore);
  const query = queryParametersOf(request);
  if (SECRETS.some((name) => query.has(name))) {
    throw new InvalidRequestError('Credentials are taken from headers and bodies only, never from an address.');
  }
  next();
};

const loginOf = ({ headers, ip: address = '' }: Request): BasicLoginRequest => ({
  authorization: headers.authorization,
  address,
  route: routeOf(headers),
});

/**
 * @throws InvalidRequestError where there is no refresh_token
 * @throws UnsupportedMediaTypeError where the body is not JSON
 */
const refreshTokenOf = async (request: Request, response: Response): Promise<string> => {
  if (request.is('application/json') === false) throw new UnsupportedMediaTypeError('The body must be JSON.');
  const { refresh_token: refreshToken } = await readFields(request, response);
  if (typeof refreshToken === 'string' && refreshToken !== '') return refreshToken;
  throw new InvalidRequestError('The refresh_token is missing.');
};

const sendTokens = (response: Response, { accessToken, expiresAt, refreshToken }: LoginTokens): void =>
  void response.json({ access_token: accessToken, expires_at: expiresAt, refresh_token: refreshToken });

const asksForBasic = (error: unknown): boolean =>
  error instanceof WrongCredentialsError || error instanceof MissingCredentialsError;

const challenge: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (asksForBasic(error)) response.set('WWW-Authenticate', BASIC_CHALLENGE);
  next(error);
};

/** The test of credentials says nothing but its status. */
const refuseSilently: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (asksForBasic(error)) response.status(401).set('WWW-Authenticate', BASIC_CHALLENGE).end();
  else next(error);
};

/**
 * From Basic to JWT: a program logs in with a person's name and password, and renews what it got. No session middleware
 * may come before it, and no page's path is touched.
 */
export const createBasicLoginRouter = ({ basicLogin, tokenVerifier, revocation }: BasicLoginRouterParts): Router => {
  const logIn = async (request: Request, response: Response): Promise<void> =>
    sendTokens(response, await basicLogin.logIn(loginOf(request)));

  const test = async (request: Request, response: Response): Promise<void> => {
    await basicLogin.test(loginOf(request));
    response.status(200).end();
  };

  const renew = async (request: Request, response: Response): Promise<void> => {
    const refreshToken = await refreshTokenOf(request, response);
    const { token: accessToken, scheme, route } = presentedToken(request);
    if (scheme !== 'bearer') throw new InvalidTokenError();
    const address = request.ip ?? '';
    sendTokens(response, await basicLogin.renew({ accessToken, refreshToken, route, address }));
  };

  const logOut = async (request: Request, response: Response): Promise<void> => {
    const principal = await tokenVerifier.verify(presentedToken(request));
    await revocation.logOut(principal, request.ip ?? null);
    response.status(204).end();
  };

  const router = Router();
  router.all([...Object.values(paths).flat(), logoutPath], guard);
  // A HEAD would start a family whose tokens reach no client.
  router.head(paths.logIn, refuseMethod('GET'));
  router.get(paths.logIn, logIn).all(paths.logIn, refuseMethod('GET'));
  router.get(paths.test, test).all(paths.test, refuseMethod('GET, HEAD'));
  router.post(paths.renew, renew).all(paths.renew, refuseMethod('POST'));
  router.post(logoutPath, logOut).all(logoutPath, refuseMethod('POST'));
  router.use(paths.test, refuseSilently);
  router.use(challenge);
  return router;
};
