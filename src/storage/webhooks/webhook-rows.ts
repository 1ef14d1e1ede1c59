import type { ToldName } from '../../calls/call-events.ts';
import type { Webhook, WebhookStatus } from '../../features/webhooks/model.ts';

interface WebhookRow {
  readonly id: string;
  readonly client_id: string;
  readonly url: string;
  readonly events: string;
  readonly description: string;
  readonly status: WebhookStatus;
  readonly told_from: string;
  readonly created_at: number;
}

export const toWebhook = (row: WebhookRow): Webhook => ({
  id: row.id,
  clientId: row.client_id,
  url: row.url,
  events: JSON.parse(row.events) as readonly ToldName[],
  description: row.description,
  status: row.status,
  toldFrom: row.told_from,
  createdAt: row.created_at,
});

export const fromWebhook = (webhook: Webhook): WebhookRow => ({
  id: webhook.id,
  client_id: webhook.clientId,
  url: webhook.url,
  events: JSON.stringify(webhook.events),
  description: webhook.description,
  status: webhook.status,
  told_from: webhook.toldFrom,
  created_at: webhook.createdAt,
});

export const fromChanges = ({ url, events, description, status, toldFrom }: Partial<Webhook>): Partial<WebhookRow> => ({
  ...(url !== undefined && { url }),
  ...(events !== undefined && { events: JSON.stringify(events) }),
  ...(description !== undefined && { description }),
  ...(status !== undefined && { status }),
  ...(toldFrom !== undefined && { told_from: toldFrom }),
});

/** Of a delivery as its owner sees it. */
export const deliveryColumns = [
  'id',
  'webhook_id as webhookId',
  'message_id as messageId',
  'event',
  'token_call as tokenCall',
  'state',
  'attempts',
  'next_attempt_at as nextAttemptAt',
  'last_status as lastStatus',
  'last_error as lastError',
  'created_at as createdAt',
] as const;
