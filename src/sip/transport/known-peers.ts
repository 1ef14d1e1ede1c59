import type { MonotonicClock } from '../../shared/clock.ts';
import { networkOf } from './network-of.ts';

/** A registration lasts no longer than this, and each one makes its phone known again. */
const KEEP_MS = 3_600_000;
/** Only peers that we call or that proved a password come in here, so that no stranger can push them out. */
const MAX_PEERS = 50_000;

/**
 * The peers that are no strangers: those of the settings for ever, and for one to two hours those that we sent a
 * request to, whose call we took or that registered.
 */
export class KnownPeers {
  readonly #clock: MonotonicClock;
  readonly #permanent: ReadonlySet<string>;
  #current = new Set<string>();
  #previous = new Set<string>();
  #since: number;

  constructor(clock: MonotonicClock, permanent: readonly string[] = []) {
    this.#clock = clock;
    this.#permanent = new Set(permanent.map(networkOf));
    this.#since = clock.elapsed();
  }

  add(address: string): void {
    this.#age();
    this.#current.add(networkOf(address));
  }

  has(address: string): boolean {
    this.#age();
    const network = networkOf(address);
    return this.#current.has(network) || this.#previous.has(network) || this.#permanent.has(network);
  }

  #age(): void {
    const now = this.#clock.elapsed();
    const isYoung = now - this.#since < KEEP_MS;
    if (isYoung && this.#current.size < MAX_PEERS) return;
    // After a long silence the previous ones are too old as well.
    this.#previous = now - this.#since < 2 * KEEP_MS ? this.#current : new Set();
    this.#current = new Set();
    this.#since = now;
  }
}
