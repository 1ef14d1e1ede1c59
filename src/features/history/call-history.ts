import type { CallRecord } from '../../calls/call-record.ts';
import type { HistoryStore } from './history-store.ts';
import type { CallSearch, Position } from './model.ts';
import type { Turns } from './turns.ts';

export interface CallHistoryOptions {
  readonly store: HistoryStore;
  readonly turns: Turns;
}

export interface PageOptions {
  /** The calls after it; null: from the newest. */
  readonly after: Position | null;
  readonly limit: number;
  /** Given the calls of the page, a few at a time, in their order. */
  readonly show: (calls: readonly CallRecord[]) => void;
}

/** What one step of a page may look at: about a millisecond. */
const ROWS_A_STEP = 400;
/** A page that has looked at so many ends, with what it has. */
const MOST_STEPS = 12;
/** A call and its legs are some twelve microseconds to read, and as much to write as text. */
const CALLS_A_STEP = 40;

interface FoundPage {
  readonly positions: readonly Position[];
  readonly next: Position | null;
}

/** The calls of the past, page by page. */
export class CallHistory {
  readonly #store: HistoryStore;
  readonly #turns: Turns;

  constructor({ store, turns }: CallHistoryOptions) {
    this.#store = store;
    this.#turns = turns;
  }

  /**
   * Shows a page, newest first. Its work is bounded: where few calls match, it ends before it is full, or empty, and the
   * next one goes on from there.
   * @returns after what the next page begins; null where there is none
   */
  async page(search: CallSearch, { after, limit, show }: PageOptions): Promise<Position | null> {
    const { positions, next } = await this.#find(search, { after, limit });
    for (let index = 0; index < positions.length; index += CALLS_A_STEP) {
      await this.#turns.next();
      show(await this.#store.calls(positions.slice(index, index + CALLS_A_STEP)));
    }
    return next;
  }

  /** Looks for one more than the page takes: only then is there a next one. */
  async #find(search: CallSearch, { after, limit }: Pick<PageOptions, 'after' | 'limit'>): Promise<FoundPage> {
    const positions: Position[] = [];
    let through = after;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await this.#turns.next();
      const rows = Math.min(ROWS_A_STEP, step === 0 ? limit + 1 : ROWS_A_STEP);
      const stretch = await this.#store.look(search, { after: through, rows });
      positions.push(...stretch.found);
      if (positions.length > limit) return { positions: positions.slice(0, limit), next: positions[limit - 1] ?? null };
      through = stretch.through;
      if (through === null) break;
    }
    return { positions, next: through };
  }
}
