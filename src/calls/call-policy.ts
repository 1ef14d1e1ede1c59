import { type CostlyKind, costlyKindOf } from './costly-numbers.ts';
import { type CallUse, type DailyLimits, usedUp } from './daily-use.ts';
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
  /** Of each user, in the last 24 hours. */
  readonly perDay: DailyLimits;
}

/** The calls of one user, those being placed included. */
export interface UsersCalls {
  readonly ongoing: number;
  /** Those that have ended, and have a leg that has not. */
  readonly ending: number;
}

/** How many calls there are. */
export interface OngoingCount {
  of(userId: string): UsersCalls;
  /** Those of all users whose legs are not over: each takes a line. */
  ofAll(): number;
}

/**
 * So many ended calls of a user may at least have legs that are still ending. A dead phone's BYE takes 32 seconds, and a
 * person who hangs up and dials again has ended the call: it is no reason to refuse the next one. A program that does so
 * again and again would take line after line.
 */
const ENDING_CALLS_SPARED = 5;

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
   * Refuses one call too many, of a user or of all. To its user a call is over when it has ended; to the service when its
   * last leg is gone.
   * @throws TooManyCallsError when one more would be too many
   */
  refuseTooMany(userId: string, calls: OngoingCount): void {
    const { maxOngoingCallsPerUser, maxOngoingCalls } = this.#rules;
    if (maxOngoingCallsPerUser > 0) refuseTooManyOf(calls.of(userId), maxOngoingCallsPerUser);
    if (maxOngoingCalls > 0 && calls.ofAll() >= maxOngoingCalls) {
      throw new TooManyCallsError('There are as many ongoing calls as are allowed.', {
        details: { reason: 'all-lines' },
      });
    }
  }

  /** Whether it matters what a user has done in the last 24 hours. */
  get limitsDays(): boolean {
    const { calls, minutes } = this.#rules.perDay;
    return calls > 0 || minutes > 0;
  }

  /**
   * Refuses a call of a user who has used up the last 24 hours. Those that are under way are not cut off.
   * @param uses - what the calls of that time took, oldest first
   * @throws TooManyCallsError with `details.again_at`, when the next call may be placed
   */
  refuseUsedUp(uses: readonly CallUse[], now: number): void {
    const limit = usedUp(uses, this.#rules.perDay);
    if (limit === undefined) return;
    const { reason, againAt } = limit;
    const again = new Date(againAt).toISOString();
    const what = reason === 'calls-per-day' ? 'placed as many calls' : 'talked as long';
    throw new TooManyCallsError(`You have ${what} as is allowed in 24 hours. You may call again at ${again}.`, {
      details: { reason, again_at: again, retryAfterSeconds: Math.max(1, Math.ceil((againAt - now) / 1000)) },
    });
  }
}

const refuseTooManyOf = ({ ongoing, ending }: UsersCalls, most: number): void => {
  if (ongoing >= most)
    throw new TooManyCallsError('You have as many ongoing calls as are allowed.', {
      details: { reason: 'ongoing-calls' },
    });
  if (ending >= Math.max(most, ENDING_CALLS_SPARED)) {
    throw new TooManyCallsError(
      'Too many of your last calls wait for phones that do not answer. Try again in half a minute.',
      { details: { reason: 'ending-calls' } },
    );
  }
};
