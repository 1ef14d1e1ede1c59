import type { MonotonicClock } from '../../shared/clock.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { RequestRateLimit } from './request-rate-limit.ts';

/** How many failures get the answer of a failure, and for how long they are remembered. */
const WINDOW_SECONDS = 15 * 60;
const FAILURES_OF_CLIENT = 20;
const FAILURES_FROM_ADDRESS = 50;

/** An authentication that failed. */
export interface ClientFailure {
  /** Those that exist: ids that a requester made up are not remembered. */
  readonly clientIds: readonly string[];
  readonly address: string;
}

/**
 * Refuses further guesses of client secrets, per client and per address. It bars no client that has the right one: secrets
 * have 256 bits, so that guesses lead nowhere, and a stranger's must not keep a client from its tokens.
 */
export class ClientFailureLimit {
  readonly #clients: RequestRateLimit;
  readonly #addresses: RequestRateLimit;

  constructor(clock: MonotonicClock) {
    this.#clients = new RequestRateLimit({ most: FAILURES_OF_CLIENT, windowSeconds: WINDOW_SECONDS }, clock);
    this.#addresses = new RequestRateLimit({ most: FAILURES_FROM_ADDRESS, windowSeconds: WINDOW_SECONDS }, clock);
  }

  /**
   * @throws TooManyRequestsError in place of the refusal, after too many failures of a client or from the address
   */
  countFailure({ clientIds, address }: ClientFailure): void {
    const network = networkOfAddress(address);
    this.#clients.check(...clientIds);
    this.#addresses.check(network);
    this.#clients.count(...clientIds);
    this.#addresses.count(network);
  }
}
