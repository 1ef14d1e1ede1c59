import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { InvalidNumberError } from './errors.ts';

/** A number that can be dialled from anywhere. */
export interface DialledNumber {
  /** E.164 with its `+`. */
  readonly e164: string;
  /** ISO 3166-1 alpha-2; undefined for satellites, shared codes and what no country has assigned. */
  readonly country: string | undefined;
}

const MAX_LENGTH = 40;

/** What people write between the digits; letters and the digits of other scripts are not dialled. */
const DIALLABLE = /^\+?[0-9 ()./\u00a0-]+$/;

/** The digits of what was dialled, without what is written between them; a leading `+` stays. */
export const dialledDigits = (input: string): string => {
  const text = input.trim();
  if (text.length > MAX_LENGTH || !DIALLABLE.test(text)) throw new InvalidNumberError('The number is not a number.');
  return text.replace(/[^0-9+]/g, '');
};

/**
 * A number as E.164, read as it is dialled in `country`. The check is of lengths, not of assigned ranges: numbering
 * plans change faster than libraries.
 * @throws InvalidNumberError where it cannot be a number
 */
export const toE164 = (digits: string, country: string): DialledNumber => {
  const home = isSupportedCountry(country) ? { defaultCountry: country } : {};
  const parsed = parsePhoneNumberFromString(digits, { ...home, extract: false });
  if (parsed?.isPossible() !== true) throw new InvalidNumberError('The number is not a number.');
  return { e164: parsed.number, country: parsed.country };
};
