import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { LoginLimitedError } from '../model/errors.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { hashSecret } from '../model/secrets.ts';

/** How many failures lock what, and for how long. */
const WINDOW_SECONDS = 15 * 60;
const FAILURES_OF_ACCOUNT = 10;
const FAILURES_FROM_ADDRESS = 50;
const FAILURES_FROM_KNOWN_ADDRESS = 20;

export interface LoginAttempt {
  /** As it was typed, whether such a user exists or not: a lock tells nothing of that. */
  readonly username: string;
  readonly address: string;
  /** Whether that user logged in from there before. */
  readonly addressIs: 'known' | 'new';
}

/** Slows the guessing of passwords down: per account and per address (NIST SP 800-63B section 5.2.2). */
export interface LoginBrake {
  /** @throws LoginLimitedError while the account or the address is locked */
  check(attempt: LoginAttempt): Promise<void>;
  countFailure(attempt: LoginAttempt): Promise<void>;
}

const limiter = (points: number): RateLimiterMemory => new RateLimiterMemory({ points, duration: WINDOW_SECONDS });

/**
 * An address from which the user logged in before has a count of its own: whatever others do elsewhere, to the account or
 * behind the same address, never bars it.
 */
export const createLoginBrake = (): LoginBrake => {
  const accounts = limiter(FAILURES_OF_ACCOUNT);
  const addresses = limiter(FAILURES_FROM_ADDRESS);
  const knownAddresses = limiter(FAILURES_FROM_KNOWN_ADDRESS);

  const countersFor = ({
    username,
    address,
    addressIs,
  }: LoginAttempt): readonly (readonly [RateLimiterMemory, string])[] =>
    addressIs === 'known'
      ? [[knownAddresses, hashSecret(JSON.stringify([username, address]))]]
      : [
          [accounts, hashSecret(username)],
          [addresses, networkOfAddress(address)],
        ];

  return {
    check: async (attempt) => {
      for (const [counter, key] of countersFor(attempt)) {
        const state: RateLimiterRes | null = await counter.get(key);
        if (state === null || state.consumedPoints < counter.points) continue;
        throw new LoginLimitedError(Math.max(1, Math.ceil(state.msBeforeNext / 1000)));
      }
    },
    countFailure: async (attempt) => {
      for (const [counter, key] of countersFor(attempt)) await counter.penalty(key);
    },
  };
};
