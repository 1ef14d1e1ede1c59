import { createHash } from 'node:crypto';
import { namesOf } from '../../calls/advance.ts';
import type { ToldName } from '../../calls/call-events.ts';
import type { CallFeed, FeedChange, FeedPage } from '../../calls/feed/call-feed.ts';
import { isAfter } from '../../calls/feed/cursor.ts';
import { representCall } from '../../http/routes/call/call-representation.ts';
import type { MonotonicClock, WallClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { NewDelivery, Webhook } from './model.ts';
import type { WebhookStore } from './webhook-store.ts';

export interface DeliveryWriterParts {
  readonly store: Pick<WebhookStore, 'cursor' | 'append' | 'listEnabled'>;
  readonly feed: Pick<CallFeed, 'head' | 'follow'>;
  readonly publicUrl: string;
  readonly clock: MonotonicClock;
  /** Dates attempts. */
  readonly steadyClock: WallClock;
  readonly log: Log;
  /** Deliveries were written. */
  readonly onWritten: () => void;
}

const LOOK_EVERY_MS = 1000;
/** A page that nobody is told of moves the cursor in memory alone, for so long. */
const CURSOR_EVERY_MS = 5000;

/**
 * Makes of each change of a call a delivery for each webhook that is told of it: exactly one, since it is kept in one commit
 * with the place in the feed. While there is no webhook, the feed is not read.
 */
export class DeliveryWriter {
  readonly #parts: DeliveryWriterParts;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #cursor: string | undefined;
  #savedAt = -Infinity;

  constructor(parts: DeliveryWriterParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Reads no more, and notes how far it came. Idempotent. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log } = this.#parts;
    while (!this.#abort.signal.aborted) {
      try {
        await this.#follow();
      } catch (error) {
        log.warn({ err: error }, 'deliveries of webhooks could not be written');
        // What was read and not kept is read again.
        this.#cursor = undefined;
      }
      await this.#pause();
    }
    await this.#save().catch((error: unknown) => log.warn({ err: error }, 'the cursor of webhooks was not kept'));
  }

  /** Until there is no webhook any more. */
  async #follow(): Promise<void> {
    const { store, feed } = this.#parts;
    const { signal } = this.#abort;
    // Taken before the webhooks are read: one that is made after that misses nothing.
    const head = await feed.head();
    const enabled = await store.listEnabled();
    if (enabled.length === 0) {
      this.#cursor = head;
      return;
    }
    // A process that was killed before it kept a cursor may have passed what these are to be told.
    this.#cursor ??= (await store.cursor()) ?? earliestOf(enabled);
    await this.#save();
    for await (const page of feed.follow(this.#cursor, { signal })) {
      const webhooks = await store.listEnabled();
      await this.#take(page, webhooks);
      if (webhooks.length === 0) return;
    }
  }

  async #take(page: FeedPage, webhooks: readonly Webhook[]): Promise<void> {
    const { store, clock, steadyClock, log, onWritten } = this.#parts;
    if (page.kind === 'reset') {
      log.warn(
        { reason: page.reason },
        'webhooks were not told of some changes of calls: the feed does not go back so far',
      );
    }
    const deliveries =
      page.kind === 'reset' ? [] : page.changes.flatMap((change) => this.#deliveriesOf(change, webhooks));
    this.#cursor = page.cursor;
    if (deliveries.length === 0 && clock.elapsed() - this.#savedAt < CURSOR_EVERY_MS) return;
    await store.append(deliveries, { cursor: page.cursor, now: steadyClock.now() });
    this.#savedAt = clock.elapsed();
    if (deliveries.length > 0) onWritten();
  }

  #deliveriesOf(change: FeedChange, webhooks: readonly Webhook[]): readonly NewDelivery[] {
    const told = webhooks.filter(
      ({ clientId, toldFrom }) => clientId === change.call.clientId && isTold(change.cursor, toldFrom),
    );
    if (told.length === 0) return [];
    return namesOf(change).flatMap((name) =>
      told.filter(({ events }) => events.includes(name)).map(({ id }) => this.#deliveryOf(change, { id, name })),
    );
  }

  #deliveryOf(
    { call, event }: FeedChange,
    { id, name }: { readonly id: string; readonly name: ToldName },
  ): NewDelivery {
    const { tokenCall, userId } = call;
    const data = { sequence: event.sequence, call: representCall(call, this.#parts.publicUrl) };
    return {
      webhookId: id,
      messageId: messageIdOf([id, tokenCall, String(event.sequence), name]),
      event: name,
      tokenCall,
      userId,
      body: JSON.stringify({ type: name, timestamp: new Date(event.at).toISOString(), data }),
      createdAt: event.at,
    };
  }

  async #save(): Promise<void> {
    const { store, clock, steadyClock } = this.#parts;
    if (this.#cursor === undefined) return;
    await store.append([], { cursor: this.#cursor, now: steadyClock.now() });
    this.#savedAt = clock.elapsed();
  }

  async #pause(): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#parts.clock.setTimer(LOOK_EVERY_MS, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

/** The same for the same change, however often it is made. */
const messageIdOf = (parts: readonly string[]): string =>
  `msg_${createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 24)}`;

/** What the first of some webhooks is told from. There is at least one. */
const earliestOf = (webhooks: readonly Webhook[]): string =>
  webhooks.map(({ toldFrom }) => toldFrom).reduce((first, each) => (isAfter(first, each) ? each : first));

/** Whether a change comes after what a webhook was made with. A cursor of another feed was of one before it. */
const isTold = (change: string, toldFrom: string): boolean => change !== toldFrom && !isAfter(toldFrom, change);
