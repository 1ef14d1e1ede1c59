import type { ToldName } from '../../calls/call-events.ts';

/** What a webhook can be told of, by name. */
export const webhookEvents = [
  'call.created',
  'call.calling',
  'call.dialling',
  'call.connected',
  'call.ended',
  'call.settled',
  'leg.calling',
  'leg.ringing',
  'leg.answered',
  'leg.ended',
] as const satisfies readonly ToldName[];

/** What a receiver is sent on request, to try it. */
export const TEST_EVENT = 'webhook.test' as const;

export type DeliveryEvent = ToldName | typeof TEST_EVENT;

/** `gone`: its receiver answered 410, which says that it wants no more. */
export type WebhookStatus = 'enabled' | 'disabled' | 'gone';

/** An address that an application wants to be told at. Times are milliseconds since the Unix epoch. */
export interface Webhook {
  readonly id: string;
  readonly clientId: string;
  readonly url: string;
  readonly events: readonly ToldName[];
  readonly description: string;
  readonly status: WebhookStatus;
  /** A cursor of the feed: what came before it is not told. */
  readonly toldFrom: string;
  readonly createdAt: number;
}

/** What its owner says of a webhook. */
export interface WebhookDescription {
  readonly url: string;
  readonly events: readonly ToldName[];
  readonly description: string;
}

/** The secrets that sign, the current one first. Never logged, and shown once. */
export type SigningSecrets = readonly string[];

/**
 * `pending` until it is delivered or given up. Of one call and webhook, the first that is pending has a date for its next
 * attempt; the others wait for it.
 */
export type DeliveryState = 'pending' | 'delivered' | 'dead';

export const deliveryStates: readonly DeliveryState[] = ['pending', 'delivered', 'dead'];

/** A delivery as its owner sees it. */
export interface Delivery {
  /** Of the webhook. Grows from delivery to delivery. */
  readonly id: number;
  readonly webhookId: string;
  /** The same at each attempt: `webhook-id`, by which the receiver tells a repetition. */
  readonly messageId: string;
  readonly event: DeliveryEvent;
  /** Null for a test. */
  readonly tokenCall: string | null;
  readonly state: DeliveryState;
  /** How often it was sent. */
  readonly attempts: number;
  readonly nextAttemptAt: number | null;
  readonly lastStatus: number | null;
  /** A few words of ours; nothing of the reply. */
  readonly lastError: string | null;
  readonly createdAt: number;
}

/** A delivery before it is stored. */
export interface NewDelivery {
  readonly webhookId: string;
  readonly messageId: string;
  readonly event: DeliveryEvent;
  readonly tokenCall: string | null;
  /** Whose call it is; null for a test. */
  readonly userId: string | null;
  readonly body: string;
  readonly createdAt: number;
}

/** A delivery that is to be sent. */
export interface DueDelivery {
  readonly id: number;
  readonly webhookId: string;
  readonly messageId: string;
  readonly body: string;
  readonly tokenCall: string | null;
  /** How far it is in the schedule of attempts. */
  readonly step: number;
  readonly nextAttemptAt: number;
}

/** What an attempt came to. */
export type AttemptResult =
  | { readonly kind: 'accepted'; readonly status: number }
  | {
      readonly kind: 'refused';
      /** Of the reply. */
      readonly status: number;
      readonly error: string;
      /** What `Retry-After` asks for. */
      readonly retryAfterMs: number | undefined;
    }
  | {
      readonly kind: 'failed';
      /** `away`: the receiver cannot be reached; `barred`: its address must not be. */
      readonly why: 'away' | 'barred';
      readonly error: string;
    };
