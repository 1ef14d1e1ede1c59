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
import { Parameters } from '../../oauth/request/parameters.ts';
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

/** In the form: the id of the consent that it shows. */
const CONSENT = 'consent';
/** In the address: what was answered is not what is asked now, so it has to be seen first. */
const ASKED_AGAIN = 'asked';
const askedAgain = new Parameters([[ASKED_AGAIN, 'again']]);

const addressOf = (parameters: Parameters): string => `${path}?${parameters.toString()}`;

/** To the question as it is now: another user has logged in meanwhile, or it has waited too long. */
const askAgain = (response: Response, parameters: Parameters): void =>
  seeOther(response, `${addressOf(parameters)}&${askedAgain.toString()}`);

/** Where the answer goes, as users read it: the host, or the private scheme of an application on this machine. */
const placeOf = (redirectUri: string): string => {
  const url = new URL(redirectUri);
  return url.host === '' ? url.protocol : url.host;
};

interface Requester {
  readonly user: User;
  readonly parameters: Parameters;
}

interface Shown extends ConsentQuestion, Requester {
  /** `again`: what was answered was another question, which the person may not have noticed. */
  readonly asked: 'first' | 'again';
}

const show = (
  { renderPage, consents }: GrantRouterDeps,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  { user, parameters, asked, ...question }: Shown,
): void => {
  const { client, request: authorizationRequest } = question;
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
    data: {
      parameters: { ...shown, [CONSENT]: consents.idOf(question) },
      client,
      scopes,
      username,
      redirectHost: placeOf(authorizationRequest.redirectUri),
      asked,
    },
  });
};

const userOf = ({ currentUser }: GrantRouterDeps, request: Request): Promise<User | undefined> =>
  currentUser.find(sessionUser(request)?.id, routeOf(request.headers));

const consentOf = ({ consents }: GrantRouterDeps, request: Request, requester: Requester) =>
  consents.prepare({ ...requester, sessionHash: sessionHash(request), route: routeOf(request.headers) });

/** Shows the question, unless the request or an earlier answer decides it already. */
const createAsk =
  (deps: GrantRouterDeps) =>
  async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const { authorizationServer: server, consents } = deps;
    const query = queryParametersOf(request);
    const parameters = query.without(CONSENT, ASKED_AGAIN);
    const user = await userOf(deps, request);
    if (user === undefined) {
      seeOther(response, `/auth/login?${queryOf(request.originalUrl)}`);
      return;
    }
    const consent = await consentOf(deps, request, { user, parameters });
    if (consent.outcome === 'refused') {
      server.refuse(consent, { request, response, next });
      return;
    }
    const { question } = consent;
    const showAsked = (asked: Shown['asked']): void =>
      show(deps, { request, response }, { ...question, user, parameters, asked });
    if (query.has(ASKED_AGAIN)) {
      await consents.ask(question);
      showAsked('again');
      return;
    }
    const showQuestion = (error?: unknown): void => (error === undefined ? showAsked('first') : next(error));
    server.authorize(question, { request, response, next: showQuestion });
  };

/** Takes the answer. One from a page that shows another question than this leads to the page of this one. */
const createDecide =
  (deps: GrantRouterDeps) =>
  async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const form = formOf(request);
    const parameters = form.without('grant', CONSENT);
    const isFromPage = form.all(CONSENT).some((id) => id !== '');
    const user = await userOf(deps, request);
    const consent = user && (await consentOf(deps, request, { user, parameters }));
    const isOfPage = ({ question }: { readonly question: ConsentQuestion }): boolean =>
      !isFromPage || form.get(CONSENT) === deps.consents.idOf(question);
    if (consent?.outcome === 'valid' && isOfPage(consent)) {
      const answer = form.get('grant') === 'true' ? 'allow' : 'refuse';
      // The page of a question that has waited too long is no dead end.
      const notAsked = (error?: unknown): void =>
        isFromPage && error instanceof UntrustedRequestError ? askAgain(response, parameters) : next(error);
      deps.authorizationServer.decide(consent.question, answer, { request, response, next: notAsked });
      return;
    }
    if (isFromPage) askAgain(response, parameters);
    else throw new UntrustedRequestError('Nothing was asked here. Start again at the application.');
  };

/** `/auth/grant`. Needs the session middleware before it. */
export const createGrantRouter = (deps: GrantRouterDeps): Router => {
  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'anywhere' }));
  router.use(path, createCsrfGuard(deps));
  // Answered like a GET, a remembered grant would give a code that no application receives.
  router.head(path, (_request, response) => void response.status(405).set('Allow', 'GET, POST').end());
  router.get(path, createAsk(deps));
  router.post(path, readForm, createDecide(deps));
  router.use(path, createPageErrorHandler(deps));
  return router;
};
