import { networkOfAddress } from './network-of-address.ts';
import { createRequestBrake, type RequestBrake } from './request-brake.ts';
import { hashSecret } from './secrets.ts';

/** How many failures lock what, and for how long. */
const WINDOW_SECONDS = 15 * 60;
const FAILURES_OF_CLIENT = 20;
const FAILURES_FROM_ADDRESS = 50;
const FAILURES_FROM_KNOWN_ADDRESS = 100;

const MOST_KNOWN = 10_000;

export interface ClientAttempt {
  /** As it was sent, whether there is such a client or not: a lock tells nothing of that. */
  readonly clientId: string;
  readonly address: string;
}

/** Slows the guessing of client secrets down: per client and per address. A success never counts. */
export interface ClientBrake {
  /** @throws TooManyRequestsError while the client or the address is locked */
  check(attempt: ClientAttempt): Promise<void>;
  countFailure(attempt: ClientAttempt): Promise<void>;
  /** From there, the client has a count of its own from now on: whatever others do elsewhere never bars it. */
  noteSuccess(attempt: ClientAttempt): void;
}

const pairOf = ({ clientId, address }: ClientAttempt): string =>
  hashSecret(JSON.stringify([clientId, networkOfAddress(address)]));

export const createClientBrake = (): ClientBrake => {
  const brakeAt = (most: number): RequestBrake => createRequestBrake({ most, windowSeconds: WINDOW_SECONDS });
  const clients = brakeAt(FAILURES_OF_CLIENT);
  const addresses = brakeAt(FAILURES_FROM_ADDRESS);
  const knownPairs = brakeAt(FAILURES_FROM_KNOWN_ADDRESS);
  /** Which clients proved themselves from where, the latest last. */
  const known = new Set<string>();

  const brakesFor = (attempt: ClientAttempt): readonly (readonly [RequestBrake, string])[] => {
    const pair = pairOf(attempt);
    if (known.has(pair)) return [[knownPairs, pair]];
    return [
      [clients, hashSecret(attempt.clientId)],
      [addresses, networkOfAddress(attempt.address)],
    ];
  };

  return {
    check: async (attempt) => {
      for (const [brake, key] of brakesFor(attempt)) await brake.check(key);
    },
    countFailure: async (attempt) => {
      for (const [brake, key] of brakesFor(attempt)) await brake.count(key);
    },
    noteSuccess: (attempt) => {
      const pair = pairOf(attempt);
      known.delete(pair);
      known.add(pair);
      const [oldest] = known;
      if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
    },
  };
};
