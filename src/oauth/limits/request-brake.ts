import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { TooManyRequestsError } from '../model/errors.ts';

/** Bounds how often somebody may do something, or fail at it. Each key has a count of its own. */
export interface RequestBrake {
  /** @throws TooManyRequestsError while one of the keys is at its limit */
  check(...keys: readonly string[]): Promise<void>;
  count(...keys: readonly string[]): Promise<void>;
  /** Counts and checks at once: of many at the same moment, no more than the limit pass. @throws TooManyRequestsError */
  take(key: string): Promise<void>;
}

export interface RequestBrakeOptions {
  /** How many are let through in a window. */
  readonly most: number;
  readonly windowSeconds: number;
}

const refusal = ({ msBeforeNext }: RateLimiterRes): TooManyRequestsError =>
  new TooManyRequestsError(Math.max(1, Math.ceil(msBeforeNext / 1000)));

export const createRequestBrake = ({ most, windowSeconds }: RequestBrakeOptions): RequestBrake => {
  const counter = new RateLimiterMemory({ points: most, duration: windowSeconds });
  return {
    check: async (...keys) => {
      for (const key of keys) {
        const state = await counter.get(key);
        if (state !== null && state.consumedPoints >= most) throw refusal(state);
      }
    },
    count: async (...keys) => {
      for (const key of keys) await counter.penalty(key);
    },
    take: async (key) => {
      const state = await counter.penalty(key);
      if (state.consumedPoints > most) throw refusal(state);
    },
  };
};
