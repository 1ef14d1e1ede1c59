import type { MonotonicClock } from '../shared/clock.ts';
import { RateLimitedError, type RateStanding } from './errors.ts';

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
   * @returns what is left to the token; undefined where there is no limit
   * @throws RateLimitedError when it comes too soon, with `details.retryAfterSeconds`
   */
  takeCall(tokenId: string): RateStanding | undefined;
  /**
   * Counts one look at calls.
   * @returns what is left to the token; undefined where there is no limit
   * @throws RateLimitedError when it comes too soon, with `details.retryAfterSeconds`
   */
  takeRead(tokenId: string): RateStanding | undefined;
}

type Take = CallRates['takeCall'];

interface Bucket {
  tokens: number;
  at: number;
}

const BURST_FACTOR = 2;
/** So many buckets are kept before those that are full again are thrown away. */
const SWEEP_ABOVE = 10_000;

const unlimited: Take = () => undefined;

/** A token bucket per key: `perSecond` on average, twice that at once. */
const createTokenBuckets = (policy: RateStanding['policy'], perSecond: number, clock: MonotonicClock): Take => {
  if (perSecond === 0) return unlimited;
  const capacity = Math.max(1, perSecond * BURST_FACTOR);
  const limit = { policy, quota: Math.floor(capacity), windowSeconds: Math.ceil(capacity / perSecond) };
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

  const secondsUntil = (tokens: number, bucket: Bucket): number => Math.ceil((tokens - bucket.tokens) / perSecond);

  return (key) => {
    const now = clock.elapsed();
    const bucket = bucketOf(key, now);
    refill(bucket, now);
    if (bucket.tokens < 1) {
      throw new RateLimitedError({ ...limit, remaining: 0, resetSeconds: secondsUntil(1, bucket) });
    }
    bucket.tokens -= 1;
    return { ...limit, remaining: Math.floor(bucket.tokens), resetSeconds: secondsUntil(capacity, bucket) };
  };
};

/** Limits by token, kept in memory: a restart forgets them. */
export const createCallRates = (limits: CallRateLimits, clock: MonotonicClock): CallRates => ({
  takeCall: createTokenBuckets('calls', limits.callsPerSecondPerToken, clock),
  takeRead: createTokenBuckets('reads', limits.readsPerSecondPerToken, clock),
});
