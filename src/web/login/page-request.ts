import type { Request, RequestHandler, Response } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import { queryParametersOf } from '../../http/oauth/form.ts';
import { routeOf } from '../../http/oauth/presented-token.ts';
import { setLocation } from '../../http/public-path.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import type { User } from '../../oauth/model/account-stores.ts';
import type { Actor } from '../../oauth/model/audit-log.ts';
import { NotLoggedInError } from '../page/errors.ts';
import type { Page, RenderPage } from '../page/page-renderer.ts';
import { sessionUser } from './session.ts';

/** A request of a user who is logged in, with the reply that the browser or program waits for. */
export interface PageRequest extends Actor {
  readonly user: User;
  /** A browser wants a page, a program JSON. */
  readonly wants: 'page' | 'json';
  readonly request: Request;
  readonly response: Response;
}

export type PageRequestDeps = Pick<Authorization, 'currentUser'>;

/** @returns undefined where no user is logged in, as the accounts are now */
export const pageRequestOf = async (
  { currentUser }: PageRequestDeps,
  request: Request,
  response: Response,
): Promise<PageRequest | undefined> => {
  const user = await currentUser.find(sessionUser(request)?.id, routeOf(request.headers));
  const wants = prefersHtml(request) ? 'page' : 'json';
  return user && { user, wants, address: request.ip ?? null, request, response };
};

/** RFC 9110 section 15.4.4: whatever the method was, the browser asks for the address, one of ours, by GET. */
export const seeOther = (response: Response, address: string): void =>
  void setLocation(response.status(303), address).end();

/** Where a browser is sent after the login: only a GET can be repeated. */
const returnAddress = ({ method, originalUrl }: Request): string => (method === 'GET' ? originalUrl : '/management');

const sendToLogin = (request: Request, response: Response): void => {
  if (!prefersHtml(request)) throw new NotLoggedInError();
  seeOther(response, `/auth/login?return_to=${encodeURIComponent(returnAddress(request))}`);
};

/**
 * Hands on the requests of users who are logged in. A browser without a login is sent to log in.
 * @throws NotLoggedInError when a program has no login
 */
export const forLoggedIn =
  (deps: PageRequestDeps) =>
  (handle: (pageRequest: PageRequest) => Promise<void>): RequestHandler =>
  async (request, response) => {
    const pageRequest = await pageRequestOf(deps, request, response);
    if (pageRequest === undefined) sendToLogin(request, response);
    else await handle(pageRequest);
  };

/** The `:id` in the address. */
export const identifierOf = ({ request }: PageRequest): string => String(request.params['id']);

/** Replies with a page to a browser, or with the same facts as JSON to a program. */
export const show = (
  renderPage: RenderPage,
  { response, user, wants }: PageRequest,
  { page, json }: { readonly page: Page; readonly json: object },
): void => {
  if (wants === 'page') renderPage(response, { ...page, visitor: user });
  else response.status(page.status).vary('Accept').json(json);
};

/** Replies to a request that changed something: a browser goes to the page that shows it, a program gets a 204. */
export const replyDone = ({ response, wants }: PageRequest, address: string): void => {
  if (wants === 'page') seeOther(response, address);
  else response.status(204).end();
};

/** What a page says after `replyDone` led to it with `?done=`; undefined for what is none of its own. */
export const noticeFor = ({ request }: PageRequest, notices: Readonly<Record<string, string>>): string | undefined => {
  const done = queryParametersOf(request).get('done') ?? '';
  return Object.hasOwn(notices, done) ? notices[done] : undefined;
};
