import { readDialled } from '../../calls/dialled-text.ts';
import { InvalidNumberError } from '../../calls/errors.ts';
import { toE164 } from '../../calls/number.ts';
import type { NumberSearch } from './model.ts';

/** How the searcher dials. */
export interface Dialling {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly isExtension: (digits: string) => Promise<boolean>;
}

const PREFIX = /\*\s*$/;
/** In an address a plus that is not escaped arrives as a blank. */
const LOST_PLUS = /^ +(?=[0-9])/;
/** Up to here, a number that is none is one of a PBX: an extension of somebody who is gone. */
const EXTENSION_DIGITS = 6;
/** Calls keep it as it was dialled. */
const FEATURE_CODE = /[*#]/;

/**
 * A number as calls keep it, from how people write it; with a star behind it, how numbers begin.
 * @throws InvalidNumberError where it is none
 */
export const readSearchedNumber = async (text: string, dialling: Dialling): Promise<NumberSearch> => {
  const { digits, afterAnswer } = readDialled(text.replace(PREFIX, ''));
  if (afterAnswer !== '')
    throw new InvalidNumberError('Calls are found by the number, not by what was dialled after it.');
  const plus = LOST_PLUS.test(text) ? 'perhaps-lost' : 'as-written';
  if (PREFIX.test(text)) return { kind: 'prefix', digits: readPrefix(digits, plus) };
  return { kind: 'exact', digits: await readExact(digits, plus, dialling) };
};

type Plus = 'perhaps-lost' | 'as-written';

const readPrefix = (digits: string, plus: Plus): string => {
  const prefix = plus === 'perhaps-lost' ? `+${digits}` : digits;
  if (prefix.startsWith('+') || prefix.length <= EXTENSION_DIGITS) return prefix;
  throw new InvalidNumberError(
    'The beginning of a number is a plus (%2B), its country code and more; or that of an extension.',
  );
};

const readExact = async (digits: string, plus: Plus, { country, isExtension }: Dialling): Promise<string> => {
  const international = plus === 'perhaps-lost' ? assignedNumber(`+${digits}`, country) : undefined;
  if (international !== undefined) return international;
  if (FEATURE_CODE.test(digits)) return digits;
  if (!digits.startsWith('+') && (digits.length <= EXTENSION_DIGITS || (await isExtension(digits)))) return digits;
  return toE164(digits, country).e164;
};

const assignedNumber = (digits: string, country: string): string | undefined => {
  try {
    const { e164, type } = toE164(digits, country);
    return type === undefined ? undefined : e164;
  } catch (error) {
    if (error instanceof InvalidNumberError) return undefined;
    throw error;
  }
};
