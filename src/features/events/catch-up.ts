import type { CallFeed } from '../../calls/feed/call-feed.ts';
import { isAfter } from '../../calls/feed/cursor.ts';
import type { Log } from '../../shared/log.ts';
import { Queue } from '../../shared/queue.ts';
import { type SnapshotSources, takeSnapshot } from './snapshot.ts';
import type { SnapshotRate } from './snapshot-rate.ts';
import type { Subscription } from './subscription.ts';

export interface CatchUpOptions extends SnapshotSources {
  readonly feed: CallFeed;
  /** How often a grant is shown all that is going on. */
  readonly snapshots: SnapshotRate;
  /** Where the tail of the feed is. */
  readonly tail: () => string;
  readonly log: Log;
}

/** A page takes some 3 ms of the event loop, and SIP is read between any two. */
const PAGE_ROWS = 50;

/**
 * Brings readers that are behind to the tail of the feed: a page for one, then for the next, one read at a time, so that a
 * thousand readers who come back at once cost the calls no more than one does.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #waiting = new Queue<Subscription>();
  #state: 'idle' | 'reading' = 'idle';

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  add(subscription: Subscription): void {
    this.#waiting.push(subscription);
    if (this.#state === 'idle') void this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#state = 'reading';
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#readFor(next);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    this.#state = 'idle';
  }

  /** A reader that cannot be served now is cut off, and comes back where it was. */
  async #readFor(subscription: Subscription): Promise<void> {
    try {
      await this.#step(subscription);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a stream of events could not be read from the feed');
      subscription.over('stopping');
    }
  }

  async #step(subscription: Subscription): Promise<void> {
    if (!subscription.isBehind()) return;
    const page = await this.#options.feed.read(subscription.at.cursor, PAGE_ROWS);
    if (page.kind === 'changes') subscription.catchUp(page.changes, page.cursor);
    else if (!this.#mayBeginAnew(subscription)) return;
    else subscription.show(await takeSnapshot(this.#options, subscription.audience), 'reset');
    if (!subscription.isBehind()) return;
    // No pause between the two: the tail moves on in a later turn.
    const tail = this.#options.tail();
    if (isAfter(tail, subscription.at.cursor)) this.#waiting.push(subscription);
    else subscription.join(tail);
  }

  #mayBeginAnew(subscription: Subscription): boolean {
    const waitMs = this.#options.snapshots.take(subscription.familyId);
    if (waitMs > 0) subscription.putOff(waitMs);
    return waitMs === 0;
  }
}
