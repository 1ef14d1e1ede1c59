import type { Clock, Timer, WallClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { ReceiverQueue } from './receiver-queue.ts';
import type { Spread } from './schedule.ts';
import { SendingSlots } from './sending-slots.ts';
import type { WebhookSender } from './webhook-sender.ts';
import type { Receiver, WebhookStore } from './webhook-store.ts';

export interface WebhookDispatcherParts {
  readonly store: WebhookStore;
  readonly sender: Pick<WebhookSender, 'send' | 'close'>;
  readonly clock: Clock;
  readonly steadyClock: WallClock;
  readonly spread: Spread;
  readonly log: Log;
}

/** Another process may have written, and a receiver may be due to be tried. */
const LOOK_EVERY_MS = 1000;
/** What is under way at an orderly stop may take so long. */
const GRACE_MS = 1000;

/** Sends what is due, to each receiver at its own pace: one that is away or slow delays no other. */
export class WebhookDispatcher {
  readonly #parts: WebhookDispatcherParts;
  readonly #slots = new SendingSlots();
  readonly #queues = new Map<string, ReceiverQueue>();
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #state: 'running' | 'closed' = 'running';
  #wanted = 0;

  constructor(parts: WebhookDispatcherParts) {
    this.#parts = parts;
  }

  /** Looks now, and from then on at least once a second. */
  hint(): void {
    this.#wanted += 1;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Sends nothing more; what is under way has a second. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#timer?.cancel();
    const closing = Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    const limit = this.#parts.clock.setTimer(GRACE_MS, () => this.#parts.sender.close());
    await this.#looking;
    await closing;
    limit.cancel();
    this.#parts.sender.close();
  }

  async #look(): Promise<void> {
    this.#timer?.cancel();
    for (let seen = -1; seen !== this.#wanted && this.#state === 'running';) {
      seen = this.#wanted;
      await this.#lookOnce();
    }
    if (this.#state === 'running') this.#timer = this.#parts.clock.setTimer(LOOK_EVERY_MS, () => this.hint());
  }

  async #lookOnce(): Promise<void> {
    const { store, log } = this.#parts;
    try {
      const receivers = await store.receivers();
      this.#forgetOthers(receivers);
      const waited = receivers.filter(({ firstDueAt }) => firstDueAt !== null);
      await Promise.all(waited.flatMap((receiver) => this.#queueOf(receiver)?.serve() ?? []));
    } catch (error) {
      log.warn({ err: error }, 'deliveries of webhooks could not be read');
    }
  }

  /** @returns undefined while another address of the webhook has something under way */
  #queueOf({ webhookId, url }: Receiver): ReceiverQueue | undefined {
    if (this.#state === 'closed') return undefined;
    const known = this.#queues.get(webhookId);
    if (known?.url === url) return known;
    if (known !== undefined && !known.isIdle) return undefined;
    const queue = new ReceiverQueue(
      { webhookId, url },
      { ...this.#parts, slots: this.#slots, onFree: () => this.hint() },
    );
    this.#queues.set(webhookId, queue);
    return queue;
  }

  #forgetOthers(receivers: readonly Receiver[]): void {
    const ids = new Set(receivers.map(({ webhookId }) => webhookId));
    for (const [id, queue] of this.#queues) if (!ids.has(id) && queue.isIdle) this.#queues.delete(id);
  }
}
