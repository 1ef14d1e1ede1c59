import type { MonotonicClock } from '../../shared/clock.ts';
import { LoginLimitedError } from '../model/errors.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { hashSecret } from '../model/secrets.ts';
import { WindowCounter } from './window-counter.ts';

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

/** Failures that are counted under a key, and how many of them lock it. */
interface Lock {
  readonly counter: WindowCounter;
  readonly most: number;
  readonly key: string;
}

/**
 * Slows the guessing of passwords down: per account and per address (NIST SP 800-63B section 5.2.2). An address from which
 * the user logged in before has a count of its own: whatever others do elsewhere, to the account or behind the same
 * address, never bars it.
 */
export class LoginLockout {
  readonly #accounts: WindowCounter;
  readonly #addresses: WindowCounter;
  readonly #knownAddresses: WindowCounter;

  constructor(clock: MonotonicClock) {
    this.#accounts = new WindowCounter(WINDOW_SECONDS, clock);
    this.#addresses = new WindowCounter(WINDOW_SECONDS, clock);
    this.#knownAddresses = new WindowCounter(WINDOW_SECONDS, clock);
  }

  /**
   * @throws LoginLimitedError while the account or the address is locked
   */
  check(attempt: LoginAttempt): void {
    for (const { counter, most, key } of this.#locksFor(attempt)) {
      const counted = counter.read(key);
      if (counted !== undefined && counted.count >= most) throw new LoginLimitedError(counted.secondsLeft);
    }
  }

  countFailure(attempt: LoginAttempt): void {
    for (const { counter, key } of this.#locksFor(attempt)) counter.count(key);
  }

  #locksFor({ username, address, addressIs }: LoginAttempt): readonly Lock[] {
    if (addressIs === 'known') {
      const key = hashSecret(JSON.stringify([username, address]));
      return [{ counter: this.#knownAddresses, most: FAILURES_FROM_KNOWN_ADDRESS, key }];
    }
    return [
      { counter: this.#accounts, most: FAILURES_OF_ACCOUNT, key: hashSecret(username) },
      { counter: this.#addresses, most: FAILURES_FROM_ADDRESS, key: networkOfAddress(address) },
    ];
  }
}
