import { Router } from 'express';
import { statusOf } from '../../http/problem.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import { InvalidAccountError, LoginLimitedError, WrongCredentialsError } from '../../oauth/model/errors.ts';
import {
  forLoggedIn,
  identifierOf,
  noticeFor,
  type PageRequest,
  type PageRequestDeps,
  reloadOf,
  replyDone,
  show,
} from '../login/page-request.ts';
import { sessionHash } from '../login/session.ts';
import type { SessionStartDeps } from '../login/session-start.ts';
import { InvalidFieldsError } from '../page/errors.ts';
import { readBody } from '../page/page-body.ts';
import { isoTime, type SessionView } from '../page/page-data.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { auditEventView } from './audit-pages.ts';
import type { OwnSession, OwnSessions } from './own-sessions.ts';
import { createPasswordChange } from './password-change.ts';

export interface AccountPagesDeps
  extends Pick<Authorization, 'accountService' | 'auditTrail'>, PageRequestDeps, SessionStartDeps {
  readonly ownSessions: OwnSessions;
  readonly renderPage: RenderPage;
}

const path = '/management/account';

const notices = {
  password: 'Your password is changed. Every other session is over, and every application has to ask you again.',
  session: 'The session is over.',
  others: 'All your other sessions are over.',
};

/** What the form shows above its fields; every other error is thrown on. */
type Refusal = WrongCredentialsError | LoginLimitedError | InvalidAccountError | InvalidFieldsError;

const isRefusal = (error: unknown): error is Refusal =>
  error instanceof WrongCredentialsError ||
  error instanceof LoginLimitedError ||
  error instanceof InvalidAccountError ||
  error instanceof InvalidFieldsError;

const sentenceOf = (refusal: Refusal): string =>
  refusal instanceof WrongCredentialsError ? 'The current password is not right.' : refusal.message;

const sessionView = (
  pageRequest: PageRequest,
  { id, browser, address, since, lastSeenAt }: OwnSession,
): SessionView => ({
  id,
  browser,
  address,
  since: since === null ? null : isoTime(since),
  last_seen_at: isoTime(lastSeenAt),
  current: id === sessionHash(pageRequest.request),
});

/** `/management/account`: a user's password, sessions and latest events. */
export const createAccountPages = (deps: AccountPagesDeps): Router => {
  const { auditTrail, ownSessions, renderPage } = deps;
  const loggedIn = forLoggedIn(deps);
  const changePassword = createPasswordChange(deps);

  const showAccount = async (pageRequest: PageRequest, refusal?: Refusal): Promise<void> => {
    const { username, role, sandbox, createdAt } = pageRequest.user;
    const sessions = (await ownSessions.list(pageRequest)).map((session) => sessionView(pageRequest, session));
    const events = (await auditTrail.latestOf(pageRequest)).map(auditEventView);
    const said = { notice: noticeFor(pageRequest, notices), fault: refusal && sentenceOf(refusal) };
    const status = refusal === undefined ? 200 : statusOf(refusal);
    const shown = { username, role, sessions, events, password: sandbox ? 'fixed' : 'changeable' } as const;
    const page = { view: 'account', status, data: { ...shown, ...said, ...reloadOf(status, path) } } as const;
    show(renderPage, pageRequest, { page, json: { username, role, created_at: isoTime(createdAt), sessions, events } });
  };

  const postPassword = async (pageRequest: PageRequest): Promise<void> => {
    const refusal = await changePassword(pageRequest).then(
      () => undefined,
      (error: unknown) => {
        if (isRefusal(error) && pageRequest.wants === 'page') return error;
        throw error;
      },
    );
    if (refusal instanceof LoginLimitedError)
      pageRequest.response.set('Retry-After', String(refusal.retryAfterSeconds));
    if (refusal === undefined) replyDone(pageRequest, `${path}?done=password`);
    else await showAccount(pageRequest, refusal);
  };

  const endSession = async (pageRequest: PageRequest): Promise<void> => {
    const id = identifierOf(pageRequest);
    await ownSessions.end(pageRequest, id);
    replyDone(pageRequest, id === sessionHash(pageRequest.request) ? '/' : `${path}?done=session`);
  };

  const endOtherSessions = async (pageRequest: PageRequest): Promise<void> => {
    await ownSessions.endOthers(pageRequest, sessionHash(pageRequest.request));
    replyDone(pageRequest, `${path}?done=others`);
  };

  return Router()
    .get(
      path,
      loggedIn((pageRequest) => showAccount(pageRequest)),
    )
    .post(`${path}/password`, readBody, loggedIn(postPassword))
    .post(`${path}/sessions/end-others`, loggedIn(endOtherSessions))
    .post(`${path}/sessions/:id/end`, loggedIn(endSession));
};
