import type { MonotonicClock } from '../shared/clock.ts';
import { RateLimitedError } from './errors.ts';

export interface CallRateLimits {
  /** Calls placed per second and token; 0: no limit. */
  readonly callsPerSecondPerToken: number;
  /** Reads per second and token; 0: no limit. */
  readonly readsPerSecondPerToken: number;
}

/** How often a token may place and read calls. Ending a call is never limited. */
export interface CallRates {
  /**
   * Counts one call that is placed.
   * @throws RateLimitedError when it comes too soon, with `details.retryAfterSeconds`
   */
  takeCall(tokenId: string): void;
  /**
   * Counts one look at calls.
   * @throws RateLimitedError when it comes too soon, with `details.retryAfterSeconds`
   */
  takeRead(tokenId: string): void;
}

interface Bucket {
  tokens: number;
  at: number;
}

const BURST_FACTOR = 2;
/** So many buckets are kept before those that are full again are thrown away. */
const SWEEP_ABOVE = 10_000;

const unlimited = (): void => undefined;

/** A token bucket per key: `perSecond` on average, twice that at once. */
const createTokenBuckets = (perSecond: number, clock: MonotonicClock): ((key: string) => void) => {
  if (perSecond === 0) return unlimited;
  const capacity = Math.max(1, perSecond * BURST_FACTOR);
  const buckets = new Map<string, Bucket>();
  let sweepAbove = SWEEP_ABOVE;

  const refill = (bucket: Bucket, now: number): void => {
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
  };

  const sweep = (now: number): void => {
    for (const [key, bucket] of buckets) {
      refill(bucket, now);
      if (bucket.tokens >= capacity) buckets.delete(key);
    }
    sweepAbove = Math.max(SWEEP_ABOVE, buckets.size * BURST_FACTOR);
  };

  const bucketOf = (key: string, now: number): Bucket => {
    const known = buckets.get(key);
    if (known !== undefined) return known;
    if (buckets.size >= sweepAbove) sweep(now);
    const bucket = { tokens: capacity, at: now };
    buckets.set(key, bucket);
    return bucket;
  };

  return (key) => {
    const now = clock.elapsed();
    const bucket = bucketOf(key, now);
    refill(bucket, now);
    if (bucket.tokens < 1) {
      const retryAfterSeconds = Math.ceil((1 - bucket.tokens) / perSecond);
      throw new RateLimitedError('There were too many requests.', { details: { retryAfterSeconds } });
    }
    bucket.tokens -= 1;
  };
};

/** Limits by token, kept in memory: a restart forgets them. */
export const createCallRates = (limits: CallRateLimits, clock: MonotonicClock): CallRates => ({
  takeCall: createTokenBuckets(limits.callsPerSecondPerToken, clock),
  takeRead: createTokenBuckets(limits.readsPerSecondPerToken, clock),
});
