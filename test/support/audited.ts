import type { AuditEventName, AuditStore, RecordedAuditEvent } from '../../src/oauth/model/audit-log.ts';

/**
 * The events of that name, the oldest first. They are written behind the answers: one more write, and all before it are
 * there.
 */
export const audited = async (
  { audit }: { readonly audit: AuditStore },
  name: AuditEventName,
): Promise<readonly RecordedAuditEvent[]> => {
  await audit.append({ event: 'logout', at: 0, userId: null, clientId: null, address: null, detail: null });
  const events = await audit.list({ limit: 200 });
  return events.filter(({ event }) => event === name).reverse();
};
