import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { TooManyRequestsError } from '../model/errors.ts';

export interface RequestRate {
  /** How many are let through in a window. */
  readonly most: number;
  readonly windowSeconds: number;
}

const refusal = ({ msBeforeNext }: RateLimiterRes): TooManyRequestsError =>
  new TooManyRequestsError(Math.max(1, Math.ceil(msBeforeNext / 1000)));

/** Bounds how often a requester may do something, or fail at it. Each key has a count of its own. */
export class RequestRateLimit {
  readonly #most: number;
  readonly #counter: RateLimiterMemory;

  constructor({ most, windowSeconds }: RequestRate) {
    this.#most = most;
    this.#counter = new RateLimiterMemory({ points: most, duration: windowSeconds });
  }

  /**
   * Counts nothing.
   * @throws TooManyRequestsError while one of the keys is at its limit
   */
  async check(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const state = await this.#counter.get(key);
      if (state !== null && state.consumedPoints >= this.#most) throw refusal(state);
    }
  }

  async count(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#counter.penalty(key);
  }

  /**
   * Counts and checks at once: of many at the same moment, no more than the limit pass.
   * @throws TooManyRequestsError where this one is above the limit
   */
  async take(key: string): Promise<void> {
    const state = await this.#counter.penalty(key);
    if (state.consumedPoints > this.#most) throw refusal(state);
  }
}
