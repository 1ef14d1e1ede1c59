import { OAuthError } from '../model/errors.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const MOST_PARAMETERS = 64;

/** Half a character, which UTF-8 cannot have: other charsets of a body bring it, and no address takes it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @returns undefined where the text is not well-formed UTF-8, or has more parameters than any request of ours */
const readPairs = (text: string): Pairs | undefined => {
  if (LONE_SURROGATE.test(text)) return undefined;
  const fields = text.split('&').filter((field) => field !== '');
  if (fields.length > MOST_PARAMETERS) return undefined;
  try {
    return fields.map((field) => {
      const equals = field.indexOf('=');
      return equals === -1 ? [decode(field), ''] : [decode(field.slice(0, equals)), decode(field.slice(equals + 1))];
    });
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};

/**
 * The parameters of one request, with repetitions still visible: RFC 6749 section 3.1 refuses them, where the usual
 * parsers hand on an array or the last one.
 */
export class Parameters {
  readonly #pairs: Pairs;

  constructor(pairs: Pairs) {
    this.#pairs = pairs;
  }

  /**
   * Reads `application/x-www-form-urlencoded`, a body or a query.
   * @throws OAuthError `invalid_request` where it is not well-formed UTF-8, or has more parameters than any request of ours
   */
  static parse(text: string): Parameters {
    const pairs = readPairs(text);
    if (pairs === undefined) throw new OAuthError('invalid_request', 'The parameters are malformed.');
    return new Parameters(pairs);
  }

  /** The value of a parameter that came exactly once. One without a value counts as left out (section 3.1). */
  get(name: string): string | undefined {
    const [only, ...more] = this.#pairs.filter(([key]) => key === name);
    return only === undefined || more.length > 0 || only[1] === '' ? undefined : only[1];
  }

  has(name: string): boolean {
    return this.#pairs.some(([key]) => key === name);
  }

  /** Every value of a parameter, in the order in which they came. */
  all(name: string): readonly string[] {
    return this.#pairs.filter(([key]) => key === name).map(([, value]) => value);
  }

  isRepeated(name: string): boolean {
    return this.all(name).length > 1;
  }

  /** Whether any parameter came more than once. */
  get hasRepetition(): boolean {
    return new Set(this.#pairs.map(([name]) => name)).size < this.#pairs.length;
  }

  without(...names: readonly string[]): Parameters {
    return new Parameters(this.#pairs.filter(([name]) => !names.includes(name)));
  }

  /** All that have a value; of a repeated parameter, the last. */
  given(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#pairs.filter(([, value]) => value !== ''));
  }

  /** For hidden inputs and JSON. Of a repeated parameter, the last. */
  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#pairs);
  }

  /** For a query, with every reserved character escaped. */
  toString(): string {
    return this.#pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  }
}
