import type { Delivery, Webhook } from '../model.ts';

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** A webhook as the API shows it: never its secret. */
export const representWebhook = ({ id, url, events, description, status, createdAt }: Webhook) => ({
  id,
  url,
  events: [...events],
  description,
  enabled: status === 'enabled',
  disabled_by: status === 'gone' ? 'receiver' : null,
  created_at: isoTime(createdAt),
});

/** A delivery as the API shows it: never what was sent. */
export const representDelivery = (delivery: Delivery) => ({
  id: delivery.id,
  message_id: delivery.messageId,
  event: delivery.event,
  token_call: delivery.tokenCall,
  state: delivery.state,
  attempts: delivery.attempts,
  next_attempt_at: delivery.nextAttemptAt === null ? null : isoTime(delivery.nextAttemptAt),
  last_status: delivery.lastStatus,
  last_error: delivery.lastError,
  created_at: isoTime(delivery.createdAt),
});
