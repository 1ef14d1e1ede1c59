import { Router } from 'express';
import type { Authorization } from '../../oauth/authorization.ts';
import { statusOf } from '../../http/problem.ts';
import { InvalidAccountError, LoginLimitedError, WrongCredentialsError } from '../../oauth/model/errors.ts';
import { auditEventView } from './audit-pages.ts';
import { InvalidFieldsError } from '../page/errors.ts';
import { isoTime, type SessionView } from './management-views.ts';
import type { OwnSession, OwnSessions } from './own-sessions.ts';
import { readBody } from '../page/page-body.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPasswordChange } from './password-change.ts';
import type { SessionStartDeps } from '../login/session-start.ts';
import { sessionHash } from '../login/session.ts';
import { forVisitors, goOn, identifierOf, noticeFor, show, type Visit, type VisitorDeps } from '../page/visit.ts';

export interface AccountPagesDeps
  extends Pick<Authorization, 'accountService' | 'auditTrail'>, VisitorDeps, SessionStartDeps {
  readonly ownSessions: OwnSessions;
  readonly renderPage: RenderPage;
}

const path = '/management/account';

const notices = {
  password: 'Your password is changed. Every other session is over, and every application has to ask you again.',
  session: 'The session is over.',
  others: 'All your other sessions are over.',
};

/** What the form says again above its fields; anything else is no answer to it. */
type Refusal = WrongCredentialsError | LoginLimitedError | InvalidAccountError | InvalidFieldsError;

const isRefusal = (error: unknown): error is Refusal =>
  error instanceof WrongCredentialsError ||
  error instanceof LoginLimitedError ||
  error instanceof InvalidAccountError ||
  error instanceof InvalidFieldsError;

const sentenceOf = (refusal: Refusal): string =>
  refusal instanceof WrongCredentialsError ? 'The current password is not right.' : refusal.message;

const sessionView = (visit: Visit, { id, browser, address, since, lastSeenAt }: OwnSession): SessionView => ({
  ...{ id, browser, address, since: since === null ? null : isoTime(since) },
  ...{ last_seen_at: isoTime(lastSeenAt), current: id === sessionHash(visit.request) },
});

/** `/management/account`: a person's password, sessions and latest events. */
export const createAccountPages = (deps: AccountPagesDeps): Router => {
  const { auditTrail, ownSessions, renderPage } = deps;
  const visitors = forVisitors(deps);
  const changePassword = createPasswordChange(deps);

  const showAccount = async (visit: Visit, refusal?: Refusal): Promise<void> => {
    const { username, role, sandbox, createdAt } = visit.user;
    const sessions = (await ownSessions.list(visit)).map((session) => sessionView(visit, session));
    const events = (await auditTrail.latestOf(visit)).map(auditEventView);
    const said = { notice: noticeFor(visit, notices), fault: refusal && sentenceOf(refusal) };
    const data = { username, role, sessions, events, ...said, password: sandbox ? 'fixed' : 'changeable' } as const;
    const page = { view: 'account', status: refusal === undefined ? 200 : statusOf(refusal), data } as const;
    show(renderPage, visit, { page, json: { username, role, created_at: isoTime(createdAt), sessions, events } });
  };

  const postPassword = async (visit: Visit): Promise<void> => {
    const refusal = await changePassword(visit).then(
      () => undefined,
      (error: unknown) => {
        if (isRefusal(error) && visit.wants === 'page') return error;
        throw error;
      },
    );
    if (refusal instanceof LoginLimitedError) visit.response.set('Retry-After', String(refusal.retryAfterSeconds));
    if (refusal === undefined) goOn(visit, `${path}?done=password`);
    else await showAccount(visit, refusal);
  };

  const endSession = async (visit: Visit): Promise<void> => {
    const id = identifierOf(visit);
    await ownSessions.end(visit, id);
    goOn(visit, id === sessionHash(visit.request) ? '/' : `${path}?done=session`);
  };

  const endOtherSessions = async (visit: Visit): Promise<void> => {
    await ownSessions.endOthers(visit, sessionHash(visit.request));
    goOn(visit, `${path}?done=others`);
  };

  return Router()
    .get(
      path,
      visitors((visit) => showAccount(visit)),
    )
    .post(`${path}/password`, readBody, visitors(postPassword))
    .post(`${path}/sessions/end-others`, visitors(endOtherSessions))
    .post(`${path}/sessions/:id/end`, visitors(endSession));
};
