import type { MonotonicClock } from '../../../shared/clock.ts';

/** Resolves when the time is over. */
export const sleep = (clock: MonotonicClock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(milliseconds, resolve));

/** The pauses between tries, each twice as long as the one before it. */
export class Backoff {
  readonly #longestMs: number;
  readonly #firstMs: number;
  #nextMs: number;

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs;
    this.#nextMs = firstMs;
    this.#longestMs = longestMs;
  }

  next(): number {
    const milliseconds = this.#nextMs;
    this.#nextMs = Math.min(milliseconds * 2, this.#longestMs);
    return milliseconds;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}

/** So long a write or a read waits for a lock that another program holds. */
export const LOCK_WAIT_MS = 5000;

/** The checkpoint thread holds the lock for a moment, a person at a prompt for minutes. */
export const lockBackoff = (): Backoff => new Backoff(1, 50);
