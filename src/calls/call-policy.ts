import { type CostlyKind, costlyKindOf } from './costly-numbers.ts';
import { isEmergencyNumber } from './emergency-numbers.ts';
import { DestinationBarredError, InvalidNumberError, TooManyCallsError } from './errors.ts';
import type { DialledNumber } from './number.ts';

/** What may be dialled, and how much of it at once. */
export interface CallPolicyRules {
  /** ISO 3166-1 alpha-2: how users without a country of their own dial. */
  readonly homeCountry: string;
  /** ISO 3166-1 alpha-2; empty: every country. */
  readonly allowedCountries: readonly string[];
  /** Beginnings of numbers in E.164 with their `+`. */
  readonly barredPrefixes: readonly string[];
  /** Whether numbers may be called that cost their caller more than a call. */
  readonly costlyNumbers: 'barred' | 'allowed';
  /** 0: no limit. */
  readonly maxOngoingCallsPerUser: number;
  /** 0: no limit. */
  readonly maxOngoingCalls: number;
}

/** How many calls there are whose legs are not over, those being placed included. */
export interface OngoingCount {
  of(userId: string): number;
  ofAll(): number;
}

/** Why a destination is barred, as the word of the API. */
type BarReason = 'emergency' | 'prefix' | 'country' | CostlyKind;

const sentences: Readonly<Record<BarReason, string>> = {
  emergency: 'Emergency numbers cannot be called from here.',
  prefix: 'This destination may not be called.',
  country: 'Numbers of this country may not be called.',
  'premium-rate': 'Premium-rate numbers may not be called.',
  'shared-cost': 'Shared-cost numbers may not be called.',
  'personal-number': 'Personal numbers, which may lead anywhere, may not be called.',
  satellite: 'Satellite numbers may not be called.',
};

const barred = (reason: BarReason): DestinationBarredError =>
  new DestinationBarredError(sentences[reason], { details: { reason } });

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
    if (isEmergencyNumber(digits, country)) throw barred('emergency');
  }

  /**
   * A number whose country is unknown is only allowed where every country is.
   * @throws DestinationBarredError where the policy bars it; `details.reason` says why
   * @throws InvalidNumberError where its country matters, and no country is known to have it
   */
  refuseBarred(number: DialledNumber): void {
    const { e164 } = number;
    const { homeCountry, barredPrefixes, costlyNumbers } = this.#rules;
    this.refuseEmergency(e164, homeCountry);
    if (barredPrefixes.some((prefix) => e164.startsWith(prefix))) throw barred('prefix');
    const costlyKind = costlyNumbers === 'barred' ? costlyKindOf(number) : undefined;
    if (costlyKind !== undefined) throw barred(costlyKind);
    this.#refuseCountry(number);
  }

  #refuseCountry({ country, type }: DialledNumber): void {
    if (this.#allowedCountries.size === 0) return;
    if (country !== undefined && this.#allowedCountries.has(country)) return;
    if (country === undefined && type === undefined) {
      throw new InvalidNumberError('The number is not a number: no country is known to have it.');
    }
    throw barred('country');
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
