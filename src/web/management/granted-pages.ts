import { Router } from 'express';
import { z } from 'zod';
import type { Authorization } from '../../oauth/authorization.ts';
import { scopeDescriptions } from '../../oauth/model/permissions.ts';
import type { GrantedApplication } from '../../oauth/model/token-stores.ts';
import {
  forLoggedIn,
  noticeFor,
  type PageRequest,
  type PageRequestDeps,
  replyDone,
  show,
} from '../login/page-request.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import { type GrantedView, isoTime } from '../page/page-data.ts';
import type { RenderPage } from '../page/page-renderer.ts';

export interface GrantedPagesDeps extends PageRequestDeps, Pick<Authorization, 'ownGrants'> {
  readonly renderPage: RenderPage;
}

const path = '/management/apps';
const notices = { revoked: 'The application can no longer act for you.' };
const revocation = z.object({ client_id: z.string().min(1) });

const grantedView = (application: GrantedApplication): GrantedView => ({
  client_id: application.clientId,
  name: application.clientName,
  scopes: application.scopes,
  granted_at: isoTime(application.grantedAt),
  last_used_at: isoTime(application.lastUsedAt),
});

/** `/management/apps`: which applications may act for a user, and the end of that. */
export const createGrantedPages = (deps: GrantedPagesDeps): Router => {
  const { ownGrants, renderPage } = deps;
  const loggedIn = forLoggedIn(deps);

  const list = async (pageRequest: PageRequest): Promise<void> => {
    const granted = await ownGrants.list(pageRequest);
    const applications = granted.map((application) => {
      return { ...grantedView(application), allows: application.scopes.map((scope) => scopeDescriptions[scope]) };
    });
    const page = {
      view: 'granted',
      status: 200,
      data: { applications, notice: noticeFor(pageRequest, notices) },
    } as const;
    show(renderPage, pageRequest, { page, json: { applications: granted.map(grantedView) } });
  };

  const revoke = async (pageRequest: PageRequest): Promise<void> => {
    await ownGrants.revoke(pageRequest, fieldsOf(pageRequest.request, revocation).client_id);
    replyDone(pageRequest, `${path}?done=revoked`);
  };

  return Router().get(path, loggedIn(list)).post(`${path}/revoke`, readBody, loggedIn(revoke));
};
