import type { MonotonicClock } from '../../shared/clock.ts';

interface Bucket {
  left: number;
  at: number;
}

/** All streams of a grant may begin anew at once, as after a restore of the database. */
const AT_ONCE = 60;
const ONE_EACH_MS = 5000;
/** So many grants are known before those with all their snapshots left are forgotten. */
const SWEEP_ABOVE = 1000;

/**
 * How often the tokens of one grant are shown all that is going on: a client that begins anew for ever, with an id that it
 * never forgets, is slowed down before it costs the calls anything.
 */
export class SnapshotRate {
  readonly #clock: MonotonicClock;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAbove = SWEEP_ABOVE;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  /** @returns 0 where one was taken, else in how many milliseconds there is one */
  take(familyId: string): number {
    const bucket = this.#bucketOf(familyId);
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) * ONE_EACH_MS);
    bucket.left -= 1;
    return 0;
  }

  #bucketOf(familyId: string): Bucket {
    const now = this.#clock.elapsed();
    const known = this.#buckets.get(familyId);
    if (known !== undefined) {
      known.left = leftOf(known, now);
      known.at = now;
      return known;
    }
    if (this.#buckets.size >= this.#sweepAbove) this.#sweep(now);
    const bucket = { left: AT_ONCE, at: now };
    this.#buckets.set(familyId, bucket);
    return bucket;
  }

  #sweep(now: number): void {
    for (const [familyId, bucket] of this.#buckets) {
      if (leftOf(bucket, now) >= AT_ONCE) this.#buckets.delete(familyId);
    }
    this.#sweepAbove = Math.max(SWEEP_ABOVE, this.#buckets.size * 2);
  }
}

const leftOf = ({ left, at }: Bucket, now: number): number => Math.min(AT_ONCE, left + (now - at) / ONE_EACH_MS);
