import { type Request, type Response, Router } from 'express';
import { formOf, queryParametersOf, readForm } from '../../http/oauth/form.ts';
import { routeOf } from '../../http/oauth/presented-token.ts';
import { statusOf } from '../../http/problem.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import { OAuthError, TooManyRequestsError, UnknownUserCodeError } from '../../oauth/model/errors.ts';
import type { KeptReplyKey } from '../../oauth/model/kept-reply-store.ts';
import { formatScopes, scopeDescriptions } from '../../oauth/model/permissions.ts';
import { hashSecret } from '../../oauth/model/secrets.ts';
import { Parameters } from '../../oauth/request/parameters.ts';
import { createCsrfGuard } from '../page/csrf.ts';
import { createPageErrorHandler } from '../page/page-errors.ts';
import type { Page, RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';
import { type PageRequest, pageRequestOf, seeOther, show } from './page-request.ts';
import { sessionHash } from './session.ts';

export interface DevicePageDeps extends Pick<Authorization, 'deviceConsent' | 'currentUser' | 'keptReplies'> {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}

const path = '/device';

/** In the address: which page a POST led to. Only the session that sent it has that page. */
const SHOWN = 'shown';
const KEPT_MS = 10 * 60 * 1000;

type DeviceConsent = Authorization['deviceConsent'];

/** A code that a person reads off a device, and types. */
interface CodeEntry {
  readonly userCode: string;
  readonly person: PageRequest;
  readonly route: ReturnType<typeof routeOf>;
}

/** The same facts for a browser and for a program. */
interface Shown {
  readonly page: Page;
  readonly json: object;
}

/** To the login, and back to the code that was typed or that came in the address. */
const sendToLogin = (response: Response, parameters: Parameters): void => {
  const userCode = parameters.get('user_code');
  const here = userCode === undefined ? path : `${path}?${new Parameters([['user_code', userCode]]).toString()}`;
  seeOther(response, `/auth/login?${new Parameters([['return_to', here]]).toString()}`);
};

type CodeRefusal = UnknownUserCodeError | TooManyRequestsError | OAuthError;

/** A code that does not work shows the form again; every other error is thrown on. */
const codeRefusal = (error: unknown): CodeRefusal => {
  const isOfCode =
    error instanceof UnknownUserCodeError || error instanceof TooManyRequestsError || error instanceof OAuthError;
  if (isOfCode) return error;
  throw error;
};

const formWith = (userCode: string, { username }: PageRequest['user'], refusal?: CodeRefusal): Shown => {
  const status = refusal === undefined ? 200 : statusOf(refusal);
  const error = refusal === undefined ? {} : { error: refusal.message, reload: path };
  const page = { view: 'device', status, data: { username, userCode, ...error } } as const;
  return { page, json: { username, user_code: userCode } };
};

const question = async (consent: DeviceConsent, entry: CodeEntry): Promise<Shown> => {
  const { userCode, client, scopes } = await consent.ask(entry);
  const described = scopes.map((name) => ({ name, description: scopeDescriptions[name] }));
  const data = { userCode, client, scopes: described, username: entry.person.user.username };
  const application = { client_id: client.id, client_name: client.name, scope: formatScopes(scopes) };
  return {
    page: { view: 'device-question', status: 200, data },
    json: { user_code: userCode, ...application },
  };
};

const answer = async (consent: DeviceConsent, entry: CodeEntry, grant: string | undefined): Promise<Shown> => {
  const verdict = grant === 'true' ? 'approved' : 'refused';
  const { client } = await consent.answer(entry, verdict);
  return { page: { view: 'device-answer', status: 200, data: { client, verdict } }, json: { verdict } };
};

/** What a form was sent for: the same form sent twice leads to the same page. */
const keyOf = ({ request, user }: PageRequest, id: string): KeptReplyKey => ({
  sessionHash: sessionHash(request),
  userId: user.id,
  name: `device ${id}`,
});

/** A code that was typed, perhaps with what the person answers. */
interface SentForm {
  readonly userCode: string;
  /** Undefined where the code alone was sent. */
  readonly grant: string | undefined;
}

/** The page that a form of this session led to. */
const shownBefore = async (
  { keptReplies }: DevicePageDeps,
  pageRequest: PageRequest,
  id: string | undefined,
): Promise<Page | undefined> => {
  const kept = id === undefined ? undefined : await keptReplies.find(keyOf(pageRequest, id));
  return kept === undefined ? undefined : (JSON.parse(kept) as Page);
};

/** A browser asks for the page by GET: a reload repeats no POST. An answer that is sent twice was given once. */
const leadTo = async (
  { keptReplies }: DevicePageDeps,
  pageRequest: PageRequest,
  { id, reply, once }: { readonly id: string; readonly reply: () => Promise<Shown>; readonly once: boolean },
): Promise<void> => {
  const request = { key: keyOf(pageRequest, id), lifetimeMs: KEPT_MS };
  const work = async (): Promise<string> => JSON.stringify((await reply()).page);
  if (once) await keptReplies.once(request, work);
  else await keptReplies.keep(request, await work());
  seeOther(pageRequest.response, `${path}?${new Parameters([[SHOWN, id]]).toString()}`);
};

/** Shows what the code asks for; with a `grant`, answers it. */
const replyTo = async (
  deps: DevicePageDeps,
  pageRequest: PageRequest,
  { userCode, grant }: SentForm,
): Promise<void> => {
  const entry = { userCode, person: pageRequest, route: routeOf(pageRequest.request.headers) };
  const reply = (): Promise<Shown> =>
    grant === undefined ? question(deps.deviceConsent, entry) : answer(deps.deviceConsent, entry, grant);
  if (pageRequest.wants === 'json') {
    show(deps.renderPage, pageRequest, await reply());
    return;
  }
  const once = grant !== undefined;
  const id = hashSecret(`${once ? 'answer' : 'question'} ${userCode}`);
  await leadTo(deps, pageRequest, { id, reply, once });
};

/** `/device`, where a user lets in a device that has no browser. Needs the session middleware before it. */
export const createDevicePageRouter = (deps: DevicePageDeps): Router => {
  const { renderPage } = deps;

  /** A code in the address only fills the form: the user has to say that the device shows it. */
  const get = async (request: Request, response: Response): Promise<void> => {
    const parameters = queryParametersOf(request);
    const pageRequest = await pageRequestOf(deps, request, response);
    if (pageRequest === undefined) {
      sendToLogin(response, parameters);
      return;
    }
    const form = formWith(parameters.get('user_code') ?? '', pageRequest.user);
    const page = await shownBefore(deps, pageRequest, parameters.get(SHOWN));
    show(renderPage, pageRequest, page === undefined ? form : { ...form, page });
  };

  const refuse = (pageRequest: PageRequest, userCode: string, refusal: CodeRefusal): void => {
    if (pageRequest.wants === 'json') throw refusal;
    if (refusal instanceof TooManyRequestsError) {
      pageRequest.response.set('Retry-After', String(refusal.retryAfterSeconds));
    }
    show(renderPage, pageRequest, formWith(userCode, pageRequest.user, refusal));
  };

  const post = async (request: Request, response: Response): Promise<void> => {
    const form = formOf(request);
    const pageRequest = await pageRequestOf(deps, request, response);
    if (pageRequest === undefined) {
      sendToLogin(response, form);
      return;
    }
    const userCode = form.get('user_code') ?? '';
    const grant = form.has('grant') ? (form.get('grant') ?? '') : undefined;
    const refusal = await replyTo(deps, pageRequest, { userCode, grant }).catch(codeRefusal);
    if (refusal instanceof Error) refuse(pageRequest, userCode, refusal);
  };

  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' }));
  router.use(path, createCsrfGuard(deps));
  router.get(path, get);
  router.post(path, readForm, post);
  router.use(path, createPageErrorHandler(deps));
  return router;
};
