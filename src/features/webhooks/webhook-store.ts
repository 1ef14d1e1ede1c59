import type {
  Delivery,
  DeliveryState,
  DueDelivery,
  NewDelivery,
  SigningSecrets,
  Webhook,
  WebhookDescription,
  WebhookStatus,
} from './model.ts';

/** Where a webhook is told. */
export interface Receiver {
  readonly webhookId: string;
  readonly url: string;
  /** When the first of what it waits for is to be sent; null where nothing is. */
  readonly firstDueAt: number | null;
}

/**
 * `granted`: the client is enabled and has the scope `application`, and the grant of the call's user to it stands. `held`:
 * the webhook is disabled or deleted, or the delivery is over.
 */
export type Standing = 'granted' | 'withdrawn' | 'held';

/** What became of a delivery that was sent, or was to be. */
export type DeliveryOutcome = {
  readonly attempted: 'yes' | 'no';
  readonly lastStatus: number | null;
  readonly lastError: string | null;
} & (
  | { readonly state: 'pending'; readonly step: number; readonly nextAttemptAt: number }
  | { readonly state: 'delivered' | 'dead'; readonly endedAt: number }
);

export interface DeliveryQuery {
  readonly webhookId: string;
  readonly state?: DeliveryState | undefined;
  /** Those with smaller numbers. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** PORT: webhooks and their deliveries. Times are milliseconds since the Unix epoch. */
export interface WebhookStore {
  /**
   * Keeps a webhook, unless its client has as many as it may.
   * @returns whether it was kept
   */
  insert(webhook: Webhook, options: { readonly secret: string; readonly most: number }): Promise<boolean>;
  find(id: string): Promise<Webhook | undefined>;
  /** Of one client, or of all; the oldest first. */
  list(clientId?: string): Promise<readonly Webhook[]>;
  /** Those that are told of calls now. */
  listEnabled(): Promise<readonly Webhook[]>;
  /** @returns false where there is none */
  change(
    id: string,
    changes: Partial<WebhookDescription> & { readonly status?: WebhookStatus; readonly toldFrom?: string },
  ): Promise<boolean>;
  /** With all its deliveries. @returns false where there is none */
  delete(id: string): Promise<boolean>;
  /** The former secret signs too until `formerEndsAt`. @returns false where there is none */
  rotateSecret(id: string, options: { readonly secret: string; readonly formerEndsAt: number }): Promise<boolean>;
  /** @returns empty where there is none */
  secrets(id: string, now: number): Promise<SigningSecrets>;

  /** Where the reader of the feed goes on; undefined before the first time. */
  cursor(): Promise<string | undefined>;
  /** Deliveries and the cursor after them, in one commit. What is kept already is not kept twice. */
  append(
    deliveries: readonly NewDelivery[],
    options: { readonly cursor?: string; readonly now: number },
  ): Promise<void>;

  /** All webhooks that are enabled. */
  receivers(): Promise<readonly Receiver[]>;
  /** What is to be sent to a webhook by a date, the earliest first. */
  due(webhookId: string, options: { readonly by: number; readonly limit: number }): Promise<readonly DueDelivery[]>;
  /** Whether a delivery may be made as things are now. */
  standing(deliveryId: number, now: number): Promise<Standing>;
  /** Notes what became of a delivery; where it is over, the next of its call is due. Nothing where it is over already. */
  settle(deliveryId: number, outcome: DeliveryOutcome, now: number): Promise<void>;
  /**
   * What waits for a later attempt is due now, and its schedule begins anew, after its first step, unless it was sent a whole schedule long: that
   * the receiver was away says nothing of the message, so the next failure is not to cost it hours.
   */
  hasten(webhookId: string, now: number): Promise<void>;

  findDelivery(webhookId: string, id: number): Promise<Delivery | undefined>;
  findMessage(webhookId: string, messageId: string): Promise<Delivery | undefined>;
  /** The newest first. */
  listDeliveries(query: DeliveryQuery): Promise<readonly Delivery[]>;
  /** A delivery is pending again, from the first attempt on. @returns false where there is none */
  resend(webhookId: string, id: number, now: number): Promise<boolean>;
  /** Deletes, in steps, what was over before the dates. */
  deleteOld(before: { readonly delivered: number; readonly dead: number }): Promise<void>;
}
