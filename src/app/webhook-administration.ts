import type { Delivery, DeliveryState, Webhook } from '../features/webhooks/model.ts';
import { representDelivery, representWebhook } from '../features/webhooks/routes/representation.ts';
import type { WebhookStore } from '../features/webhooks/webhook-store.ts';
import type { WallClock } from '../shared/clock.ts';

export interface WebhookAdministrationParts {
  readonly store: WebhookStore;
  readonly clock: WallClock;
}

/** Webhooks, seen from beside the service: what is to be sent, the process that serves sends within a second. */
export class WebhookAdministration {
  readonly #store: WebhookStore;
  readonly #clock: WallClock;

  constructor({ store, clock }: WebhookAdministrationParts) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Of one client, or of all; the oldest first. */
  list(clientId?: string): Promise<readonly Webhook[]> {
    return this.#store.list(clientId);
  }

  find(id: string): Promise<Webhook | undefined> {
    return this.#store.find(id);
  }

  /** The newest first. */
  deliveries(
    webhookId: string,
    query: { readonly state?: DeliveryState | undefined; readonly limit: number },
  ): Promise<readonly Delivery[]> {
    return this.#store.listDeliveries({ webhookId, ...query });
  }

  /** @returns the delivery, which is to be sent again; undefined where there is none */
  async resend(webhookId: string, id: number): Promise<Delivery | undefined> {
    const isThere = await this.#store.resend(webhookId, id, this.#clock.now());
    return isThere ? this.#store.findDelivery(webhookId, id) : undefined;
  }

  /** A webhook as the API shows it, with its client. */
  represent(webhook: Webhook): Readonly<Record<string, unknown>> {
    return { ...representWebhook(webhook), client_id: webhook.clientId };
  }

  /** A delivery as the API shows it. */
  representDelivery(delivery: Delivery): Readonly<Record<string, unknown>> {
    return representDelivery(delivery);
  }
}
