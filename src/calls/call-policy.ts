import { isEmergencyNumber } from './emergency-numbers.ts';
import { DestinationBarredError, TooManyCallsError } from './errors.ts';
import type { DialledNumber } from './number.ts';

/** What may be dialled, and how much of it at once. */
export interface CallPolicyRules {
  /** ISO 3166-1 alpha-2: how users without a country of their own dial. */
  readonly homeCountry: string;
  /** ISO 3166-1 alpha-2; empty: every country. */
  readonly allowedCountries: readonly string[];
  /** Beginnings of numbers in E.164 with their `+`. */
  readonly barredPrefixes: readonly string[];
  /** 0: no limit. */
  readonly maxOngoingCallsPerUser: number;
  /** 0: no limit. */
  readonly maxOngoingCalls: number;
}

/** How many calls are ongoing, those being placed included. */
export interface OngoingCount {
  of(userId: string): number;
  ofAll(): number;
}

export class CallPolicy {
  readonly #rules: CallPolicyRules;
  readonly #allowedCountries: ReadonlySet<string>;

  constructor(rules: CallPolicyRules) {
    this.#rules = rules;
    this.#allowedCountries = new Set(rules.allowedCountries);
  }

  /** The country in whose way a user dials. */
  countryOf(user: { readonly homeCountry: string | null }): string {
    return user.homeCountry ?? this.#rules.homeCountry;
  }

  /**
   * On the digits as dialled, before anything reads them as an extension or a number.
   * @throws DestinationBarredError where they are an emergency number
   */
  refuseEmergency(digits: string, country: string): void {
    if (isEmergencyNumber(digits, country)) {
      throw new DestinationBarredError('Emergency numbers cannot be called from here.');
    }
  }

  /**
   * A number whose country is unknown is only allowed where every country is.
   * @throws DestinationBarredError where the policy bars it
   */
  refuseBarred({ e164, country }: DialledNumber): void {
    this.refuseEmergency(e164, this.#rules.homeCountry);
    const isAllowed =
      this.#allowedCountries.size === 0 || (country !== undefined && this.#allowedCountries.has(country));
    if (!isAllowed || this.#rules.barredPrefixes.some((prefix) => e164.startsWith(prefix))) {
      throw new DestinationBarredError('This destination may not be called.');
    }
  }

  /**
   * Refuses one call too many, of a user or of all.
   * @throws TooManyCallsError when one more would be too many
   */
  refuseTooMany(userId: string, ongoing: OngoingCount): void {
    const { maxOngoingCallsPerUser, maxOngoingCalls } = this.#rules;
    if (maxOngoingCallsPerUser > 0 && ongoing.of(userId) >= maxOngoingCallsPerUser) {
      throw new TooManyCallsError('You have as many ongoing calls as are allowed.');
    }
    if (maxOngoingCalls > 0 && ongoing.ofAll() >= maxOngoingCalls) {
      throw new TooManyCallsError('There are as many ongoing calls as are allowed.');
    }
  }
}
