import { Counter, type Registry } from 'prom-client';
import type { AuditStore } from '../../oauth/model/audit-log.ts';

/**
 * Logins, tokens and grants by what became of them: the audit log, counted. Its events are a fixed set of names; who and from
 * where stays in the log.
 */
export const countAudited = (registry: Registry, audit: AuditStore): AuditStore => {
  const events = new Counter({
    name: 'offhook_audit_events_total',
    help: 'Logins, tokens, grants and changes of accounts, by name as in the audit log',
    ...{ labelNames: ['event'], registers: [registry] },
  });
  const counted =
    (how: 'append' | 'count'): AuditStore['append'] =>
    (entry) => {
      events.inc({ event: entry.event });
      return audit[how](entry);
    };
  return {
    append: counted('append'),
    count: counted('count'),
    list: (query) => audit.list(query),
    deleteBefore: (time) => audit.deleteBefore(time),
  };
};
