import { networkOfAddress } from '../model/network-of-address.ts';
import { createRequestBrake } from './request-brake.ts';

/** How many failures are told as such, and for how long they are remembered. */
const WINDOW_SECONDS = 15 * 60;
const FAILURES_OF_CLIENT = 20;
const FAILURES_FROM_ADDRESS = 50;

/** An authentication that failed. */
export interface ClientFailure {
  /** Those that exist: ids that somebody made up are not remembered. */
  readonly clientIds: readonly string[];
  readonly address: string;
}

/**
 * Tells whoever goes on guessing client secrets to stop: per client and per address. It bars nobody who has the right
 * one. Secrets have 256 bits, so that guesses lead nowhere, and a stranger's must not keep a client from its tokens.
 */
export interface ClientBrake {
  /** @throws TooManyRequestsError in place of the refusal, after too many failures of a client or from the address */
  countFailure(failure: ClientFailure): Promise<void>;
}

export const createClientBrake = (): ClientBrake => {
  const clients = createRequestBrake({ most: FAILURES_OF_CLIENT, windowSeconds: WINDOW_SECONDS });
  const addresses = createRequestBrake({ most: FAILURES_FROM_ADDRESS, windowSeconds: WINDOW_SECONDS });
  return {
    countFailure: async ({ clientIds, address }) => {
      const network = networkOfAddress(address);
      await clients.check(...clientIds);
      await addresses.check(network);
      await clients.count(...clientIds);
      await addresses.count(network);
    },
  };
};
