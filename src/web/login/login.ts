import { type Request, type Response, Router } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import type { Exchange } from '../../http/oauth/authorization-server.ts';
import { formOf, queryParametersOf, readForm } from '../../http/oauth/form.ts';
import type { AuthenticateByPassword } from '../../http/oauth/password-authenticator.ts';
import { routeOf } from '../../http/oauth/presented-token.ts';
import { statusOf } from '../../http/problem.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import type { User } from '../../oauth/model/account-stores.ts';
import {
  LoginLimitedError,
  OAuthError,
  TooManyRequestsError,
  WrongCredentialsError,
} from '../../oauth/model/errors.ts';
import type { Parameters } from '../../oauth/request/parameters.ts';
import { createCsrfGuard } from '../page/csrf.ts';
import { createPageErrorHandler } from '../page/page-errors.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';
import { seeOther } from './page-request.ts';
import { sessionHash, sessionUser } from './session.ts';
import { createSessionStart, type SessionStartDeps } from './session-start.ts';

export interface LoginRouterDeps extends SessionStartDeps, Pick<Authorization, 'consents' | 'currentUser'> {
  readonly authenticateByPassword: AuthenticateByPassword;
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}

const path = '/auth/login';

/** A password in an address ends up in logs and histories. */
const refuseCredentials = (query: Parameters): void => {
  if (query.has('username') || query.has('password')) {
    throw new OAuthError('invalid_request', 'Credentials are taken from a form only, never from an address.');
  }
};

/** Repeated parameters do not fit into a form: they come back by address, to be refused where it may be told. */
const formParameters = (query: Parameters): Readonly<Record<string, string>> =>
  query.hasRepetition && query.has('client_id') ? { return_to: `/auth/grant?${query.toString()}` } : query.toRecord();

/** What was wrong, and the name that was typed: it need not be typed again. */
interface RefusedLogin {
  readonly error: string;
  readonly username: string;
}

const show = (
  { renderPage }: LoginRouterDeps,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  page: { readonly status: number; readonly parameters: Parameters; readonly refusal?: RefusedLogin },
): void => {
  const { status, refusal } = page;
  const parameters = formParameters(page.parameters);
  const said = refusal === undefined ? {} : { error: refusal.error };
  if (prefersHtml(request)) {
    const kept = refusal && { username: refusal.username, reload: `${path}?${page.parameters.toString()}` };
    renderPage(response, { view: 'login', status, data: { parameters, ...said, ...kept } });
  } else
    response
      .status(status)
      .vary('Accept')
      .send({ ...parameters, ...said });
};

/** A login that failed shows the form again; every other error is thrown on. */
const loginRefusal = (error: unknown): WrongCredentialsError | LoginLimitedError | TooManyRequestsError => {
  const isWrong = error instanceof WrongCredentialsError;
  if (isWrong || error instanceof LoginLimitedError || error instanceof TooManyRequestsError) return error;
  throw error;
};

/**
 * Where to go after a login without an application: an address of ours, or the start page. Everything that a browser could
 * take for another host (`//evil`, `/\\evil`) is no address of ours.
 */
const localAddress = (wanted: string | undefined, publicUrl: string): string => {
  if (wanted === undefined || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) || wanted.includes('\\')) return '/';
  const { origin } = new URL(publicUrl);
  return URL.canParse(wanted, origin) && new URL(wanted, origin).origin === origin ? wanted : '/';
};

/** Redirects to the consent, whose question is armed already: a program may answer it without the page. */
const redirectOn = async (
  { consents, publicUrl }: LoginRouterDeps,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  { user, parameters }: { readonly user: User; readonly parameters: Parameters },
): Promise<void> => {
  if (parameters.all('client_id').every((id) => id === '')) {
    seeOther(response, localAddress(parameters.get('return_to'), publicUrl));
    return;
  }
  const requester = { parameters, user, sessionHash: sessionHash(request), route: routeOf(request.headers) };
  const consent = await consents.prepare(requester);
  if (consent.outcome === 'valid') await consents.ask(consent.question);
  seeOther(response, `/auth/grant?${parameters.toString()}`);
};

/** `/auth/login`. Needs the session middleware before it. */
export const createLoginRouter = (deps: LoginRouterDeps): Router => {
  const startSession = createSessionStart(deps);

  const logIn = async (request: Request, response: Response): Promise<User> => {
    const user = await deps.authenticateByPassword(request, response);
    await startSession(request, response, user);
    return user;
  };

  const get = async (request: Request, response: Response): Promise<void> => {
    const parameters = queryParametersOf(request);
    refuseCredentials(parameters);
    const user = await deps.currentUser.find(sessionUser(request)?.id, routeOf(request.headers));
    if (user === undefined) show(deps, { request, response }, { status: 200, parameters });
    else await redirectOn(deps, { request, response }, { user, parameters });
  };

  const post = async (request: Request, response: Response): Promise<void> => {
    refuseCredentials(queryParametersOf(request));
    const form = formOf(request);
    const parameters = form.without('username', 'password');
    const username = form.get('username') ?? '';
    request.body = { username, password: form.get('password') ?? '' };
    const answer = await logIn(request, response).catch(loginRefusal);
    if (answer instanceof Error) {
      if ('retryAfterSeconds' in answer) response.set('Retry-After', String(answer.retryAfterSeconds));
      show(
        deps,
        { request, response },
        { status: statusOf(answer), parameters, refusal: { error: answer.message, username } },
      );
      return;
    }
    await redirectOn(deps, { request, response }, { user: answer, parameters });
  };

  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'anywhere' }));
  router.use(path, createCsrfGuard(deps));
  router.get(path, get);
  router.post(path, readForm, post);
  router.use(path, createPageErrorHandler(deps));
  return router;
};
