import {
  isSupportedCountry,
  parsePhoneNumberFromString,
  type PhoneNumber,
  type PhoneNumberType,
} from 'libphonenumber-js/max';
import { InvalidNumberError } from './errors.ts';

/** A number that can be dialled from anywhere. */
export interface DialledNumber {
  /** E.164 with its `+`. */
  readonly e164: string;
  /** ISO 3166-1 alpha-2; undefined for satellites, shared codes and what no country has assigned. */
  readonly country: string | undefined;
  /** What the number is for; undefined where it is in no range that is known to be assigned. */
  readonly type: PhoneNumberType | undefined;
}

/** Longer ones are numbers; up to here they are those of a PBX or of a network. */
const SHORT_CODE_DIGITS = 6;

/** Mexican mobiles had a 1 behind the country code until 2019, and address books still have it. */
const OLD_MEXICAN_MOBILE = /521([0-9]{10})$/;

const parse = (digits: string, country: string): PhoneNumber | undefined => {
  const home = isSupportedCountry(country) ? { defaultCountry: country } : {};
  const parsed = parsePhoneNumberFromString(digits, { ...home, extract: false });
  return parsed?.isPossible() === true ? parsed : withoutOldPrefix(digits, parsed);
};

/** Only where the country code was dialled as well: without it the 1 could be the country code of another number. */
const withoutOldPrefix = (digits: string, parsed: PhoneNumber | undefined): PhoneNumber | undefined => {
  const mobile = parsed?.countryCallingCode === '52' ? OLD_MEXICAN_MOBILE.exec(digits)?.[1] : undefined;
  const mended = mobile === undefined ? undefined : parsePhoneNumberFromString(`+52${mobile}`);
  return mended?.isPossible() === true ? mended : undefined;
};

/**
 * A number as E.164, read as it is dialled in `country`. The check is of lengths, not of assigned ranges: numbering
 * plans change faster than libraries.
 * @param digits as `readDialled` gives them: digits with perhaps a leading `+`
 * @throws InvalidNumberError where it cannot be a number
 */
export const toE164 = (digits: string, country: string): DialledNumber => {
  const parsed = parse(digits, country);
  if (parsed !== undefined) return { e164: parsed.number, country: parsed.country, type: parsed.getType() };
  const isShort = !digits.startsWith('+') && digits.length <= SHORT_CODE_DIGITS;
  throw new InvalidNumberError(
    isShort
      ? `${digits} is nobody's extension and too short for a number. Short codes are not dialled: no route takes this one.`
      : 'The number is not a number: it is too short, too long or begins with no country code.',
  );
};
