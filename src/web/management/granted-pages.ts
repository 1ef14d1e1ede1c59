import { Router } from 'express';
import { z } from 'zod';
import type { Authorization } from '../../oauth/authorization.ts';
import { scopeDescriptions } from '../../oauth/model/permissions.ts';
import type { GrantedApplication } from '../../oauth/model/token-stores.ts';
import { type GrantedView, isoTime } from './management-views.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { forVisitors, goOn, noticeFor, show, type Visit, type VisitorDeps } from '../page/visit.ts';

export interface GrantedPagesDeps extends VisitorDeps, Pick<Authorization, 'ownGrants'> {
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

/** `/management/apps`: which applications may act for a person, and the end of that. */
export const createGrantedPages = (deps: GrantedPagesDeps): Router => {
  const { ownGrants, renderPage } = deps;
  const visitors = forVisitors(deps);

  const list = async (visit: Visit): Promise<void> => {
    const granted = await ownGrants.list(visit);
    const applications = granted.map((application) => {
      return { ...grantedView(application), allows: application.scopes.map((scope) => scopeDescriptions[scope]) };
    });
    const page = { view: 'granted', status: 200, data: { applications, notice: noticeFor(visit, notices) } } as const;
    show(renderPage, visit, { page, json: { applications: granted.map(grantedView) } });
  };

  const revoke = async (visit: Visit): Promise<void> => {
    await ownGrants.revoke(visit, fieldsOf(visit.request, revocation).client_id);
    goOn(visit, `${path}?done=revoked`);
  };

  return Router().get(path, visitors(list)).post(`${path}/revoke`, readBody, visitors(revoke));
};
