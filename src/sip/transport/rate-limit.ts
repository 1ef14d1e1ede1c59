import type { MonotonicClock } from '../../shared/clock.ts';
import type { KnownPeers } from './known-peers.ts';
import { networkOf } from './network-of.ts';

/** How many rates of one stranger a sender may send, and how many seconds' worth of that at once. */
interface Allowance {
  readonly rates: number;
  readonly burstSeconds: number;
}

/**
 * A phone sends some six requests when it starts: at 100 a second, 160 phones behind one address are taken at once after a
 * power cut, and none of them is a stranger any more when the first has registered.
 */
const STRANGER: Allowance = { rates: 1, burstSeconds: 10 };
/** A PBX that registers 2,000 phones, with two requests each, does so at once. */
const KNOWN: Allowance = { rates: 10, burstSeconds: 4 };
/** All strangers together: at 1,000 a second they take 7 % of a core, 67 microseconds a refused request (Node 20). */
const STRANGERS: Allowance = { rates: 10, burstSeconds: 4 };
/** Two generations of so many are remembered: to push the oldest out one by one cost 8 microseconds each. */
const MAX_BUCKETS = 10_000;

/** A token bucket that may be overdrawn by the message that is being looked at. */
class Bucket {
  #tokens: number;
  #at: number;

  constructor(perSecond: number, { rates, burstSeconds }: Allowance, now: number) {
    this.#tokens = perSecond * rates * burstSeconds;
    this.#at = now;
  }

  level(perSecond: number, { rates, burstSeconds }: Allowance, now: number): number {
    const rate = perSecond * rates;
    this.#tokens = Math.min(this.#tokens + ((now - this.#at) / 1000) * rate, rate * burstSeconds);
    this.#at = now;
    return this.#tokens;
  }

  take(): void {
    this.#tokens -= 1;
  }
}

export type RateVerdict = 'within' | 'over-own-rate' | 'over-rate-of-strangers';

/**
 * How many messages a second a peer may send that belong to nothing under way. What belongs to a dialog or transaction
 * of ours is never charged. One that is over its rate is let in again as time passes.
 */
export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: MonotonicClock;
  readonly #known: KnownPeers;
  #young = new Map<string, Bucket>();
  #old = new Map<string, Bucket>();
  readonly #strangers: Bucket;

  /** @param perSecond for each stranger; 0 for no limits */
  constructor(perSecond: number, clock: MonotonicClock, known: KnownPeers) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#known = known;
    this.#strangers = new Bucket(perSecond, STRANGERS, clock.elapsed());
  }

  check(address: string): RateVerdict {
    if (this.#perSecond === 0) return 'within';
    const now = this.#clock.elapsed();
    const bucket = this.#find(networkOf(address));
    if (bucket !== undefined && bucket.level(this.#perSecond, this.#allowanceOf(address), now) < 1)
      return 'over-own-rate';
    if (this.#strangers.level(this.#perSecond, STRANGERS, now) >= 1 || this.#known.has(address)) return 'within';
    return 'over-rate-of-strangers';
  }

  charge(address: string): void {
    if (this.#perSecond === 0) return;
    const network = networkOf(address);
    (this.#young.get(network) ?? this.#keep(network, address)).take();
    if (!this.#known.has(address)) this.#strangers.take();
  }

  #allowanceOf(address: string): Allowance {
    return this.#known.has(address) ? KNOWN : STRANGER;
  }

  #find(network: string): Bucket | undefined {
    return this.#young.get(network) ?? this.#old.get(network);
  }

  #keep(network: string, address: string): Bucket {
    const now = this.#clock.elapsed();
    const bucket = this.#old.get(network) ?? new Bucket(this.#perSecond, this.#allowanceOf(address), now);
    if (this.#young.size >= MAX_BUCKETS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(network, bucket);
    return bucket;
  }
}
