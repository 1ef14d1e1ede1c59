import { narrowerFirst, type NumberPattern } from '../shared/number-pattern.ts';
import { InvalidNumberError } from './errors.ts';
import { type DialledNumber, toE164 } from './number.ts';
import type { CallUser, PhoneDirectory } from './phone-directory.ts';

/** Whom a command wants to reach. */
export type Destination =
  | { readonly kind: 'extension'; readonly user: CallUser; readonly digits: string }
  | { readonly kind: 'number'; readonly number: DialledNumber; readonly digits: string }
  /** What the pattern of a route takes as it was dialled: a number of a PBX, a short code, a feature code. */
  | { readonly kind: 'pattern'; readonly pattern: NumberPattern; readonly digits: string };

const EXTENSION = /^[0-9]+$/;
const FEATURE_CODE = /[*#]/;

/** Who dials, and the country in whose way. */
interface Dialler {
  readonly user: CallUser;
  readonly country: string;
}

/**
 * What was dialled may mean. Of digits before which a plus may have been lost (a form writes a blank as a plus, so that a
 * plus that is not escaped arrives as a blank) that is two things.
 */
export const readingsOf = (digits: string, plus: 'as-written' | 'perhaps-lost'): readonly string[] =>
  plus === 'as-written' || digits.startsWith('+') ? [digits] : [`+${digits}`, digits];

const NO_PATTERNS: readonly NumberPattern[] = [];

/** Reads what was dialled: another user's extension, what a route takes as it is, or a number. In this order. */
export class DestinationReader {
  readonly #phones: Pick<PhoneDirectory, 'userByExtension'>;
  readonly #patterns: readonly NumberPattern[];

  /** @param patterns - those of the routes; the narrowest that matches counts */
  constructor(phones: Pick<PhoneDirectory, 'userByExtension'>, patterns = NO_PATTERNS) {
    this.#phones = phones;
    this.#patterns = patterns.toSorted(narrowerFirst);
  }

  /**
   * The destination that the readings mean.
   * @throws InvalidNumberError where they mean none, the dialler, or, of two, both a valid number or neither one
   */
  async read(readings: readonly string[], dialler: Dialler): Promise<Destination> {
    const [first = '', second] = readings;
    const destination =
      second === undefined ? await this.#meaning(first, dialler) : await this.#onlyOne([first, second], dialler);
    if (destination.kind === 'extension' && destination.user.userId === dialler.user.userId) {
      throw new InvalidNumberError('The number is your own extension.');
    }
    return destination;
  }

  /** Two that are one number are no question, known or not. Of two that differ exactly one must be in use: a guess dials a stranger. */
  async #onlyOne(readings: readonly [string, string], dialler: Dialler): Promise<Destination> {
    const [plus, blank] = await Promise.all(readings.map((reading) => this.#meaningOrNone(reading, dialler)));
    if (plus !== undefined && blank !== undefined && isSame(plus, blank)) return plus;
    const [destination, another] = [plus, blank].filter((meaning) => meaning !== undefined && isInUse(meaning));
    if (destination !== undefined && another === undefined) return destination;
    throw new InvalidNumberError(
      destination === undefined
        ? 'The number is not a number. In a form a plus is a blank: write %2B for it.'
        : 'In a form a plus is a blank, and with or without a plus this is a number: write %2B for the plus.',
    );
  }

  async #meaning(digits: string, { country }: Dialler): Promise<Destination> {
    const user = EXTENSION.test(digits) ? await this.#phones.userByExtension(digits) : undefined;
    if (user !== undefined) return { kind: 'extension', user, digits };
    const pattern = this.#patterns.find((each) => each.matches(digits));
    if (pattern !== undefined) return { kind: 'pattern', pattern, digits };
    if (FEATURE_CODE.test(digits)) {
      throw new InvalidNumberError('Feature codes, such as *98 or #31#, are not dialled: no route takes this one.');
    }
    return { kind: 'number', number: toE164(digits, country), digits };
  }

  async #meaningOrNone(digits: string, dialler: Dialler): Promise<Destination | undefined> {
    try {
      return await this.#meaning(digits, dialler);
    } catch (error) {
      if (error instanceof InvalidNumberError) return undefined;
      throw error;
    }
  }
}

const isSame = (one: Destination, other: Destination): boolean =>
  one.kind === 'number' && other.kind === 'number' && one.number.e164 === other.number.e164;

const isInUse = (destination: Destination): boolean =>
  destination.kind !== 'number' || destination.number.type !== undefined;
