import type { MonotonicClock } from '../../shared/clock.ts';

/** What was counted of a key in its window. */
export interface WindowCount {
  readonly count: number;
  /** Until the window ends; whole seconds, rounded up, so that a wait of this length is long enough. */
  readonly secondsLeft: number;
}

interface Window {
  readonly beganAt: number;
  count: number;
}

/**
 * Counts by key in fixed windows. A window begins with the first count of its key and lasts `windowSeconds`, whatever is
 * counted meanwhile and wherever the wall clock is set; then the key begins anew. Kept in memory: a restart forgets it.
 */
export class WindowCounter {
  readonly #windowMs: number;
  readonly #clock: MonotonicClock;
  /** The oldest first: all last equally long, and one that begins anew was dropped before. */
  readonly #windows = new Map<string, Window>();

  constructor(windowSeconds: number, clock: MonotonicClock) {
    this.#windowMs = windowSeconds * 1000;
    this.#clock = clock;
  }

  /** How many windows are kept: none that had ended at the last call. */
  get size(): number {
    return this.#windows.size;
  }

  /** @returns undefined where nothing is counted of the key now */
  read(key: string): WindowCount | undefined {
    const now = this.#dropEnded();
    const window = this.#windows.get(key);
    return window && this.#describe(window, now);
  }

  /** @returns the count with this one in it */
  count(key: string): WindowCount {
    const now = this.#dropEnded();
    const window = this.#windows.get(key) ?? { beganAt: now, count: 0 };
    window.count += 1;
    this.#windows.set(key, window);
    return this.#describe(window, now);
  }

  #describe({ beganAt, count }: Window, now: number): WindowCount {
    return { count, secondsLeft: Math.ceil((this.#windowMs - (now - beganAt)) / 1000) };
  }

  /** @returns the time by which they had ended */
  #dropEnded(): number {
    const now = this.#clock.elapsed();
    for (const [key, { beganAt }] of this.#windows) {
      if (now - beganAt < this.#windowMs) break;
      this.#windows.delete(key);
    }
    return now;
  }
}
