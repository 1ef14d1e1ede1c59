import { Router } from 'express';
import { z } from 'zod';
import { queryParametersOf } from '../../http/oauth/form.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import type { RecordedAuditEvent } from '../../oauth/model/audit-log.ts';
import { forLoggedIn, type PageRequest, type PageRequestDeps, show } from '../login/page-request.ts';
import { InvalidFieldsError } from '../page/errors.ts';
import { type AuditEventView, isoTime } from '../page/page-data.ts';
import type { RenderPage } from '../page/page-renderer.ts';

export interface AuditPagesDeps extends PageRequestDeps, Pick<Authorization, 'auditTrail'> {
  readonly renderPage: RenderPage;
}

const path = '/management/audit';

export const auditEventView = (recorded: RecordedAuditEvent): AuditEventView => ({
  id: recorded.id,
  event: recorded.event,
  at: isoTime(recorded.at),
  user: recorded.username,
  client_id: recorded.clientId,
  address: recorded.address,
  detail: recorded.detail,
  count: recorded.count,
  last_at: isoTime(recorded.lastAt),
});

const eventId = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const filterOf = ({ request }: PageRequest): { readonly username?: string; readonly before?: number } => {
  const query = queryParametersOf(request);
  const username = query.get('user');
  const before = eventId.optional().safeParse(query.get('before'));
  if (!before.success) throw new InvalidFieldsError('before: must be the id of an event');
  return { ...(username !== undefined && { username }), ...(before.data !== undefined && { before: before.data }) };
};

const addressOf = (user: string | undefined, before: number): string =>
  `${path}?${new URLSearchParams({ ...(user !== undefined && { user }), before: String(before) }).toString()}`;

/** `/management/audit`: what happened to accounts, grants and tokens, for administrators. */
export const createAuditPages = (deps: AuditPagesDeps): Router => {
  const list = async (pageRequest: PageRequest): Promise<void> => {
    const filter = filterOf(pageRequest);
    const { events: found, next } = await deps.auditTrail.read(pageRequest, filter);
    const events = found.map(auditEventView);
    const older = next === undefined ? undefined : addressOf(filter.username, next);
    const page = { view: 'audit', status: 200, data: { events, user: filter.username, older } } as const;
    show(deps.renderPage, pageRequest, { page, json: { events, next: next ?? null } });
  };

  return Router().get(path, forLoggedIn(deps)(list));
};
