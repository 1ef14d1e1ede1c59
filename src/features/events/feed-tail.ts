import type { CallFeed, FeedPage } from '../../calls/feed/call-feed.ts';
import type { MonotonicClock } from '../../shared/clock.ts';

export type TailListener = (page: FeedPage) => void;

export interface FeedTailOptions {
  readonly feed: CallFeed;
  readonly clock: MonotonicClock;
}

/** What comes within so much time is read, and sent, in one go: a read costs more than what it brings. */
const PAUSE_MS = 5;
const PAGE_ROWS = 200;

interface Run {
  readonly end: AbortController;
  /** Resolves once its place in the feed is known. */
  readonly begun: Promise<void>;
  over: Promise<void>;
}

/** The end of the feed, read once for all who listen; not read while nobody does. */
export class FeedTail {
  readonly #feed: CallFeed;
  readonly #clock: MonotonicClock;
  readonly #listeners = new Set<TailListener>();
  #position = '';
  #run: Run | undefined;

  constructor({ feed, clock }: FeedTailOptions) {
    this.#feed = feed;
    this.#clock = clock;
  }

  /** All before this cursor was given to the listeners that were there. */
  get position(): string {
    return this.#position;
  }

  /** Resolves when every change that is committed from now on will be given to the listener. */
  async join(listener: TailListener): Promise<void> {
    this.#listeners.add(listener);
    this.#run ??= this.#begin();
    try {
      await this.#run.begun;
    } catch (error) {
      this.#run = undefined;
      this.#listeners.delete(listener);
      throw error;
    }
  }

  leave(listener: TailListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#run?.end.abort();
    this.#run = undefined;
  }

  /** Gives the listeners what is there, and nothing more. */
  async close(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    run.end.abort();
    await run.over;
    for (let page = await this.#feed.read(this.#position); ; page = await this.#feed.read(this.#position)) {
      if (page.kind === 'reset' || page.changes.length === 0) return;
      this.#give(page);
    }
  }

  #begin(): Run {
    const end = new AbortController();
    const begun = this.#feed.head().then((head) => {
      if (end.signal.aborted) return;
      this.#position = head;
      run.over = this.#follow(head, end.signal);
    });
    const run: Run = { end, begun, over: Promise.resolve() };
    return run;
  }

  async #follow(from: string, signal: AbortSignal): Promise<void> {
    for await (const page of this.#feed.follow(from, { signal, limit: PAGE_ROWS })) {
      if (signal.aborted) return;
      this.#give(page);
      await this.#pause(signal);
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', go);
        resolve();
      };
      const timer = this.#clock.setTimer(PAUSE_MS, go);
      signal.addEventListener('abort', go);
    });
  }

  #give(page: FeedPage): void {
    this.#position = page.cursor;
    for (const listener of [...this.#listeners]) listener(page);
  }
}
