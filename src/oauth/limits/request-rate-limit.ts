import type { MonotonicClock } from '../../shared/clock.ts';
import { TooManyRequestsError } from '../model/errors.ts';
import { type WindowCount, WindowCounter } from './window-counter.ts';

export interface RequestRate {
  /** How many are let through in a window. */
  readonly most: number;
  readonly windowSeconds: number;
}

const refusal = ({ secondsLeft }: WindowCount): TooManyRequestsError => new TooManyRequestsError(secondsLeft);

/** Bounds how often a requester may do something, or fail at it. Each key has a count of its own. */
export class RequestRateLimit {
  readonly #most: number;
  readonly #counter: WindowCounter;

  constructor({ most, windowSeconds }: RequestRate, clock: MonotonicClock) {
    this.#most = most;
    this.#counter = new WindowCounter(windowSeconds, clock);
  }

  /**
   * Counts nothing.
   * @throws TooManyRequestsError while one of the keys is at its limit
   */
  check(...keys: readonly string[]): void {
    for (const key of keys) {
      const counted = this.#counter.read(key);
      if (counted !== undefined && counted.count >= this.#most) throw refusal(counted);
    }
  }

  count(...keys: readonly string[]): void {
    for (const key of keys) this.#counter.count(key);
  }

  /**
   * Counts and checks at once: of many at the same moment, no more than the limit pass.
   * @throws TooManyRequestsError where this one is above the limit
   */
  take(key: string): void {
    const counted = this.#counter.count(key);
    if (counted.count > this.#most) throw refusal(counted);
  }
}
