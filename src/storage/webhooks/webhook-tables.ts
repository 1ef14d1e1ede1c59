import type { Generated } from 'kysely';
import type { DeliveryEvent, DeliveryState, WebhookStatus } from '../../features/webhooks/model.ts';

interface WebhooksTable {
  id: string;
  client_id: string;
  url: string;
  events: string;
  description: string;
  status: WebhookStatus;
  /** A cursor of the feed. */
  told_from: string;
  sealed_secret: string;
  sealed_former_secret: string | null;
  former_secret_ends_at: number | null;
  created_at: number;
}

interface WebhookDeliveriesTable {
  id: Generated<number>;
  webhook_id: string;
  message_id: string;
  event: DeliveryEvent;
  token_call: string | null;
  user_id: string | null;
  body: string;
  state: DeliveryState;
  step: number;
  attempts: number;
  /** Null where it is over, and where it waits for another one of its call. */
  next_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  ended_at: number | null;
}

/** The tables of webhooks. */
export interface WebhookTables {
  webhooks: WebhooksTable;
  webhook_deliveries: WebhookDeliveriesTable;
}
