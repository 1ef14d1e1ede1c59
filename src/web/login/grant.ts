import { type NextFunction, type Request, type Response, Router } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import type { AuthorizationServer, Exchange } from '../../http/oauth/authorization-server.ts';
import { formOf, queryParametersOf, readForm } from '../../http/oauth/form.ts';
import { routeOf } from '../../http/oauth/presented-token.ts';
import { queryOf } from '../../http/request-target.ts';
import type { Authorization, ConsentQuestion } from '../../oauth/authorization.ts';
import type { User } from '../../oauth/model/account-stores.ts';
import { UntrustedRequestError } from '../../oauth/model/errors.ts';
import { scopeDescriptions } from '../../oauth/model/permissions.ts';
import type { Parameters } from '../../oauth/request/parameters.ts';
import { createCsrfGuard } from '../page/csrf.ts';
import { createPageErrorHandler } from '../page/page-errors.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';
import { seeOther } from './page-request.ts';
import { sessionHash, sessionUser } from './session.ts';

export interface GrantRouterDeps extends Pick<Authorization, 'consents' | 'currentUser'> {
  readonly authorizationServer: AuthorizationServer;
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}

const path = '/auth/grant';

/** Where the answer goes, as users read it: the host, or the private scheme of an application on this machine. */
const placeOf = (redirectUri: string): string => {
  const url = new URL(redirectUri);
  return url.host === '' ? url.protocol : url.host;
};

interface Requester {
  readonly user: User;
  readonly parameters: Parameters;
}

const show = (
  { renderPage }: GrantRouterDeps,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  { client, request: authorizationRequest, user, parameters }: ConsentQuestion & Requester,
): void => {
  const shown = parameters.toRecord();
  if (!prefersHtml(request)) {
    response.vary('Accept').json(shown);
    return;
  }
  const scopes = authorizationRequest.scopes.map((name) => ({ name, description: scopeDescriptions[name] }));
  const { username } = user;
  renderPage(response, {
    view: 'grant',
    status: 200,
    data: { parameters: shown, client, scopes, username, redirectHost: placeOf(authorizationRequest.redirectUri) },
  });
};

/** `/auth/grant`. Needs the session middleware before it. */
export const createGrantRouter = (deps: GrantRouterDeps): Router => {
  const { authorizationServer: server } = deps;

  const userOf = (request: Request): Promise<User | undefined> =>
    deps.currentUser.find(sessionUser(request)?.id, routeOf(request.headers));

  const consentOf = (request: Request, requester: Requester) => {
    const place = { sessionHash: sessionHash(request), route: routeOf(request.headers) };
    return deps.consents.prepare({ ...requester, ...place });
  };

  const ask = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const parameters = queryParametersOf(request);
    const user = await userOf(request);
    if (user === undefined) {
      seeOther(response, `/auth/login?${queryOf(request.originalUrl)}`);
      return;
    }
    const consent = await consentOf(request, { user, parameters });
    if (consent.outcome === 'refused') {
      server.refuse(consent, { request, response, next });
      return;
    }
    const { question } = consent;
    const showQuestion = (error?: unknown): void => {
      if (error === undefined) show(deps, { request, response }, { ...question, user, parameters });
      else next(error);
    };
    server.authorize(question, { request, response, next: showQuestion });
  };

  const decide = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const form = formOf(request);
    const user = await userOf(request);
    const consent = user && (await consentOf(request, { user, parameters: form.without('grant') }));
    if (consent?.outcome !== 'valid') {
      throw new UntrustedRequestError('Nothing was asked here. Start again at the application.');
    }
    const answer = form.get('grant') === 'true' ? 'allow' : 'refuse';
    server.decide(consent.question, answer, { request, response, next });
  };

  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'anywhere' }));
  router.use(path, createCsrfGuard(deps));
  // Answered like a GET, a remembered grant would give a code that no application receives.
  router.head(path, (_request, response) => void response.status(405).set('Allow', 'GET, POST').end());
  router.get(path, ask);
  router.post(path, readForm, decide);
  router.use(path, createPageErrorHandler(deps));
  return router;
};
