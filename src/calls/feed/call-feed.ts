import type { MonotonicClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { CallRecord } from '../call-record.ts';
import type { CallStore } from '../call-store.ts';
import { type FeedPosition, readCursor, writeCursor } from './cursor.ts';
import type { FeedBounds, FeedRow, FeedStore } from './feed-store.ts';
import { replay, type ReplayedChange } from './replay.ts';

/** A change of a call, and the call as it was with it. */
export interface FeedChange extends ReplayedChange {
  /** Reading goes on after this change. */
  readonly cursor: string;
}

/** Why a reader cannot go on where it was: the cursor is none, of another database, ahead of it, or older than what is kept. */
export type ResetReason = 'unreadable' | 'foreign' | 'future' | 'expired';

/** What comes after a cursor; or, where that cannot be told, everything that is ongoing. `cursor` is where to go on. */
export type FeedPage =
  | { readonly kind: 'changes'; readonly changes: readonly FeedChange[]; readonly cursor: string }
  | {
      readonly kind: 'reset';
      readonly reason: ResetReason;
      /** At `cursor` or a little later: changes that they show already may follow, told apart by their sequence. */
      readonly calls: readonly CallRecord[];
      readonly cursor: string;
    };

export interface CallFeedOptions {
  readonly store: FeedStore;
  readonly calls: Pick<CallStore, 'ongoing'>;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

export interface FollowOptions {
  /** Aborted, the reading ends. */
  readonly signal: AbortSignal;
  /** How many writes a page may bring; each has one change or a few. */
  readonly limit?: number;
}

const PAGE_ROWS = 200;
/** A reader looks so often, hint or not: another process may write. */
const LOOK_EVERY_MS = 1000;

/**
 * All changes of all calls, in the order in which they were committed, for any number of readers. Each keeps a cursor and
 * reads at its own pace; one that was away reads on where it was, over any end of this process. A change is there once it
 * is committed, and is read at least once.
 */
export class CallFeed {
  readonly #options: CallFeedOptions;
  readonly #waiting = new Set<() => void>();
  #hints = 0;
  #epoch: Promise<string> | undefined;

  constructor(options: CallFeedOptions) {
    this.#options = options;
  }

  /** Something may have been written: readers that wait look now. A hint that is lost costs them a second. */
  hint(): void {
    this.#hints += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** @returns the cursor of a reader that wants only what comes from now on */
  async head(): Promise<string> {
    const { newest } = await this.#options.store.bounds();
    return writeCursor({ epoch: await this.#readEpoch(), row: newest, left: 0 });
  }

  /** Whether a cursor was given by this feed, though what comes after it may not be kept any more. */
  async knows(cursor: string): Promise<boolean> {
    const [epoch, bounds] = [await this.#readEpoch(), await this.#options.store.bounds()];
    const position = positionOf(cursor, epoch, bounds);
    return typeof position !== 'string' || position === 'expired';
  }

  /** What comes after a cursor, at once; nothing where nothing has come. */
  async read(cursor: string, limit = PAGE_ROWS): Promise<FeedPage> {
    const [epoch, bounds] = [await this.#readEpoch(), await this.#options.store.bounds()];
    const position = positionOf(cursor, epoch, bounds);
    if (typeof position === 'string') return this.#reset(position, { epoch, row: newestOf(bounds), left: 0 });
    return this.#read(position, limit);
  }

  /** Page after page for as long as the reader asks for the next one, and waits where there is none. */
  async *follow(from: string, { signal, limit = PAGE_ROWS }: FollowOptions): AsyncGenerator<FeedPage, void> {
    let cursor = from;
    while (!signal.aborted) {
      const hints = this.#hints;
      const page = await this.#tryToRead(cursor, limit);
      if (page !== undefined) cursor = page.cursor;
      if (page !== undefined && (page.kind === 'reset' || page.changes.length > 0)) yield page;
      else if (hints === this.#hints) await this.#wait(signal);
    }
  }

  /** A database that does not answer is asked again, as one that has nothing. */
  async #tryToRead(cursor: string, limit: number): Promise<FeedPage | undefined> {
    try {
      return await this.read(cursor, limit);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the feed of calls could not be read');
      return undefined;
    }
  }

  async #read(position: FeedPosition, limit: number): Promise<FeedPage> {
    const { epoch, row, left } = position;
    const { rows, through } = await this.#options.store.read(left > 0 ? row - 1 : row, limit);
    // Of the row in which the reader is, only what it has left.
    const changes = rows.flatMap((each) => changesOf(each, epoch).slice(each.id === row ? -left : 0));
    return { kind: 'changes', changes, cursor: writeCursor({ epoch, row: Math.max(row, through), left: 0 }) };
  }

  async #reset(reason: ResetReason, position: FeedPosition): Promise<FeedPage> {
    const calls = await this.#options.calls.ongoing();
    return { kind: 'reset', reason, calls, cursor: writeCursor(position) };
  }

  #readEpoch(): Promise<string> {
    this.#epoch ??= this.#options.store.epoch();
    return this.#epoch;
  }

  /** Until a hint, for a second at the most. */
  async #wait(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#options.clock.setTimer(LOOK_EVERY_MS, wake);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

/** After retention has deleted everything, what it deleted was the newest. */
const newestOf = ({ newest, deletedThrough }: FeedBounds): number => Math.max(newest, deletedThrough);

const positionOf = (cursor: string, epoch: string, bounds: FeedBounds): FeedPosition | ResetReason => {
  const position = readCursor(cursor);
  if (position === undefined) return 'unreadable';
  if (position.epoch !== epoch) return 'foreign';
  if (position.row > newestOf(bounds)) return 'future';
  const after = position.left > 0 ? position.row - 1 : position.row;
  return after < bounds.deletedThrough ? 'expired' : position;
};

const changesOf = ({ id, identity, owner, earlier, events }: FeedRow, epoch: string): readonly FeedChange[] =>
  replay({ identity, owner, events: [...earlier, ...events] })
    .slice(earlier.length)
    .map((change, index) => ({
      ...change,
      cursor: writeCursor({ epoch, row: id, left: events.length - index - 1 }),
    }));
