import type { CallFeed } from '../../calls/feed/call-feed.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { TooManyWebhooksError, WebhookDisabledError, WebhookNotFoundError } from './errors.ts';
import type { AddressGuard } from './guard/address-guard.ts';
import {
  type Delivery,
  type DeliveryState,
  type NewDelivery,
  TEST_EVENT,
  type Webhook,
  type WebhookDescription,
} from './model.ts';
import { newSigningSecret } from './signature.ts';
import type { WebhookStore } from './webhook-store.ts';

export interface WebhookServiceParts {
  readonly store: WebhookStore;
  readonly feed: Pick<CallFeed, 'head'>;
  readonly guard: AddressGuard;
  readonly clock: WallClock;
  /** Dates attempts. */
  readonly steadyClock: WallClock;
  readonly ids: IdSource;
  /** Something is to be sent. */
  readonly onWritten: () => void;
}

/** Of one client. */
export interface DeliveryPageQuery {
  readonly state?: DeliveryState | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface WebhookWithSecret {
  readonly webhook: Webhook;
  /** Shown once. */
  readonly secret: string;
}

const MOST_OF_A_CLIENT = 20;
const FORMER_SECRET_MS = 24 * 60 * 60 * 1000;
const ID_BITS = 96;

/** The webhooks of applications. Each method is for one client: what is another's is not there. */
export class WebhookService {
  readonly #parts: WebhookServiceParts;

  constructor(parts: WebhookServiceParts) {
    this.#parts = parts;
  }

  /**
   * @throws InvalidWebhookError where its address is none that may be told
   * @throws TooManyWebhooksError where the client has 20
   */
  async create(clientId: string, description: WebhookDescription): Promise<WebhookWithSecret> {
    const { store, feed, guard, clock, ids } = this.#parts;
    guard.check(description.url);
    const secret = newSigningSecret(ids);
    const webhook: Webhook = {
      ...description,
      id: `wh_${ids.random(ID_BITS)}`,
      clientId,
      status: 'enabled',
      toldFrom: await feed.head(),
      createdAt: clock.now(),
    };
    const kept = await store.insert(webhook, { secret, most: MOST_OF_A_CLIENT });
    if (!kept) throw new TooManyWebhooksError(MOST_OF_A_CLIENT);
    return { webhook, secret };
  }

  list(clientId: string): Promise<readonly Webhook[]> {
    return this.#parts.store.list(clientId);
  }

  /**
   * @throws WebhookNotFoundError where the client has none of this id
   */
  async find(clientId: string, id: string): Promise<Webhook> {
    const webhook = await this.#parts.store.find(id);
    if (webhook?.clientId !== clientId) throw new WebhookNotFoundError();
    return webhook;
  }

  /**
   * What was told before stays as it was. One that is enabled again is told of what comes from now on, and sent what it
   * still waited for.
   * @throws WebhookNotFoundError where the client has none of this id
   * @throws InvalidWebhookError where its address is none that may be told
   */
  async change(
    clientId: string,
    id: string,
    { status, ...changes }: Partial<WebhookDescription> & { readonly status?: 'enabled' | 'disabled' },
  ): Promise<Webhook> {
    const { store, feed, guard, onWritten } = this.#parts;
    const webhook = await this.find(clientId, id);
    if (changes.url !== undefined) guard.check(changes.url);
    const isEnabled = status === 'enabled' && webhook.status !== 'enabled';
    const statusChange = status === undefined || status === webhook.status ? {} : { status };
    const all = { ...changes, ...statusChange, ...(isEnabled && { toldFrom: await feed.head() }) };
    if (Object.keys(all).length > 0 && !(await store.change(id, all))) throw new WebhookNotFoundError();
    if (isEnabled) onWritten();
    return { ...webhook, ...all };
  }

  /**
   * With all its deliveries.
   * @throws WebhookNotFoundError where the client has none of this id
   */
  async delete(clientId: string, id: string): Promise<void> {
    await this.find(clientId, id);
    await this.#parts.store.delete(id);
  }

  /**
   * A new secret, which signs at once. The one before it signs too for a day.
   * @throws WebhookNotFoundError where the client has none of this id
   */
  async rotateSecret(clientId: string, id: string): Promise<WebhookWithSecret & { readonly formerEndsAt: number }> {
    const { store, clock, ids } = this.#parts;
    const webhook = await this.find(clientId, id);
    const secret = newSigningSecret(ids);
    const formerEndsAt = clock.now() + FORMER_SECRET_MS;
    if (!(await store.rotateSecret(id, { secret, formerEndsAt }))) throw new WebhookNotFoundError();
    return { webhook, secret, formerEndsAt };
  }

  /**
   * Queues a `webhook.test`.
   * @throws WebhookNotFoundError where the client has none of this id
   * @throws WebhookDisabledError where it is disabled
   */
  async test(clientId: string, id: string): Promise<Delivery> {
    const { store, clock, steadyClock, ids, onWritten } = this.#parts;
    const { status } = await this.find(clientId, id);
    if (status !== 'enabled') throw new WebhookDisabledError();
    const createdAt = clock.now();
    const body = JSON.stringify({
      type: TEST_EVENT,
      timestamp: new Date(createdAt).toISOString(),
      data: { webhook: id },
    });
    const messageId = `msg_${ids.random(ID_BITS)}`;
    const delivery: NewDelivery = {
      webhookId: id,
      messageId,
      event: TEST_EVENT,
      tokenCall: null,
      userId: null,
      body,
      createdAt,
    };
    await store.append([delivery], { now: steadyClock.now() });
    onWritten();
    const queued = await store.findMessage(id, messageId);
    if (queued === undefined) throw new WebhookNotFoundError();
    return queued;
  }

  /**
   * The newest first.
   * @throws WebhookNotFoundError where the client has none of this id
   */
  async deliveries(clientId: string, id: string, query: DeliveryPageQuery): Promise<readonly Delivery[]> {
    await this.find(clientId, id);
    return this.#parts.store.listDeliveries({ webhookId: id, ...query });
  }

  /**
   * Sends a delivery once more, whatever became of it, with the id that it had.
   * @throws WebhookNotFoundError where there is no such delivery
   * @throws WebhookDisabledError where the webhook is disabled
   */
  async resend(clientId: string, id: string, deliveryId: number): Promise<Delivery> {
    const { store, steadyClock, onWritten } = this.#parts;
    const { status } = await this.find(clientId, id);
    if (status !== 'enabled') throw new WebhookDisabledError();
    const isThere = await store.resend(id, deliveryId, steadyClock.now());
    const delivery = isThere ? await store.findDelivery(id, deliveryId) : undefined;
    if (delivery === undefined) throw new WebhookNotFoundError('delivery');
    onWritten();
    return delivery;
  }
}
