import type { Request, RequestHandler, Response } from 'express';
import type { Authorization } from '../../oauth/authorization.ts';
import { prefersHtml } from '../../http/negotiate.ts';
import type { User } from '../../oauth/model/account-stores.ts';
import type { Actor } from '../../oauth/model/audit-log.ts';
import { routeOf } from '../../http/oauth/presented-token.ts';
import { queryParametersOf } from '../../http/oauth/form.ts';
import { NotLoggedInError } from './errors.ts';
import type { Page, RenderPage } from './page-renderer.ts';
import { seeOther } from './see-other.ts';
import { sessionUser } from '../login/session.ts';

/** A request of somebody who is logged in, and his browser or program that waits for the reply. */
export interface Visit extends Actor {
  readonly user: User;
  /** A person's browser wants a page, a program JSON. */
  readonly wants: 'page' | 'json';
  readonly request: Request;
  readonly response: Response;
}

export type VisitorDeps = Pick<Authorization, 'currentUser'>;

/** @returns undefined where nobody is logged in, as the accounts are now */
export const visitOf = async (
  { currentUser }: VisitorDeps,
  request: Request,
  response: Response,
): Promise<Visit | undefined> => {
  const user = await currentUser.find(sessionUser(request)?.id, routeOf(request.headers));
  const wants = prefersHtml(request) ? 'page' : 'json';
  return user && { user, wants, address: request.ip ?? null, request, response };
};

/** Where a browser shall be after the login: only a GET can be repeated. */
const returnAddress = ({ method, originalUrl }: Request): string => (method === 'GET' ? originalUrl : '/management');

const sendToLogin = (request: Request, response: Response): void => {
  if (!prefersHtml(request)) throw new NotLoggedInError();
  seeOther(response, `/auth/login?return_to=${encodeURIComponent(returnAddress(request))}`);
};

/** Lets those who are logged in do something. A browser without a login is sent to log in, a program is refused. */
export const forVisitors =
  (deps: VisitorDeps) =>
  (handle: (visit: Visit) => Promise<void>): RequestHandler =>
  async (request, response) => {
    const visit = await visitOf(deps, request, response);
    if (visit === undefined) sendToLogin(request, response);
    else await handle(visit);
  };

/** The `:id` in the address. */
export const identifierOf = ({ request }: Visit): string => String(request.params['id']);

/** Shows a page to a person, or the same facts as JSON to a program. */
export const show = (
  renderPage: RenderPage,
  { response, user, wants }: Visit,
  { page, json }: { readonly page: Page; readonly json: object },
): void => {
  if (wants === 'page') renderPage(response, { ...page, visitor: user });
  else response.status(page.status).vary('Accept').json(json);
};

/** Ends a request that changed something: a person sees the page that shows it, a program needs no more than that. */
export const goOn = ({ response, wants }: Visit, address: string): void => {
  if (wants === 'page') seeOther(response, address);
  else response.status(204).end();
};

/** What a page says after `goOn` led to it with `?done=`; undefined for what is none of its own. */
export const noticeFor = ({ request }: Visit, notices: Readonly<Record<string, string>>): string | undefined => {
  const done = queryParametersOf(request).get('done') ?? '';
  return Object.hasOwn(notices, done) ? notices[done] : undefined;
};
