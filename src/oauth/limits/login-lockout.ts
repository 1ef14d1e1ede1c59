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

const limiter = (points: number): RateLimiterMemory => new RateLimiterMemory({ points, duration: WINDOW_SECONDS });

/**
 * Slows the guessing of passwords down: per account and per address (NIST SP 800-63B section 5.2.2). An address from which
 * the user logged in before has a count of its own: whatever others do elsewhere, to the account or behind the same
 * address, never bars it.
 */
export class LoginLockout {
  readonly #accounts = limiter(FAILURES_OF_ACCOUNT);
  readonly #addresses = limiter(FAILURES_FROM_ADDRESS);
  readonly #knownAddresses = limiter(FAILURES_FROM_KNOWN_ADDRESS);

  /**
   * @throws LoginLimitedError while the account or the address is locked
   */
  async check(attempt: LoginAttempt): Promise<void> {
    for (const [counter, key] of this.#countersFor(attempt)) {
      const state: RateLimiterRes | null = await counter.get(key);
      if (state === null || state.consumedPoints < counter.points) continue;
      throw new LoginLimitedError(Math.max(1, Math.ceil(state.msBeforeNext / 1000)));
    }
  }

  async countFailure(attempt: LoginAttempt): Promise<void> {
    for (const [counter, key] of this.#countersFor(attempt)) await counter.penalty(key);
  }

  #countersFor({
    username,
    address,
    addressIs,
  }: LoginAttempt): readonly (readonly [counter: RateLimiterMemory, key: string])[] {
    if (addressIs === 'known') return [[this.#knownAddresses, hashSecret(JSON.stringify([username, address]))]];
    return [
      [this.#accounts, hashSecret(username)],
      [this.#addresses, networkOfAddress(address)],
    ];
  }
}
