/**
 * What a PBX writes for numbers that are dialled: digits, `*`, `#` and a leading `+` are themselves, `X` is 0-9, `Z` 1-9,
 * `N` 2-9, and a `.` at the end the rest, one sign at the least.
 */
const PATTERN = /^(?=.)\+?[0-9XZN*#]*\.?$/i;

const signs: Readonly<Record<string, string>> = { X: '[0-9]', Z: '[1-9]', N: '[2-9]', '.': '[0-9*#]+' };

/** Whether text is a pattern: `2XX`, `*98`, `9.`. */
export const isNumberPattern = (text: string): boolean => PATTERN.test(text) && text !== '+';

/** How many numbers a sign stands for: a pattern of fewer is the narrower. */
const widthOf = (sign: string): number => ({ X: 10, Z: 9, N: 8, '.': Infinity })[sign] ?? 1;

/** A pattern of numbers that are dialled. */
export class NumberPattern {
  /** As it was written, in capital letters: two that are the same text match the same numbers. */
  readonly text: string;
  /** The digits at its beginning that stand for themselves. */
  readonly literal: string;
  readonly #expression: RegExp;

  constructor(text: string) {
    this.text = text.toUpperCase();
    this.literal = /^[+0-9*#]*/.exec(this.text)?.[0] ?? '';
    const parts = Array.from(this.text, (sign) => signs[sign] ?? sign.replace(/[*+]/, '\\$&'));
    this.#expression = new RegExp(`^${parts.join('')}$`);
  }

  matches(digits: string): boolean {
    return this.#expression.test(digits);
  }

  /** Of a number that it matches, what the `.` at its end stands for; all of it where there is none. */
  restOf(digits: string): string {
    return this.text.endsWith('.') ? digits.slice(this.text.length - 1) : digits;
  }
}

/** For sorting: of two patterns the narrower first, by the first sign that tells them apart. */
export const narrowerFirst = (one: NumberPattern, other: NumberPattern): number => {
  const length = Math.max(one.text.length, other.text.length);
  for (let index = 0; index < length; index += 1) {
    const [ours, theirs] = [one, other].map(({ text }) => widthOf(text[index] ?? '')) as [number, number];
    if (ours !== theirs) return ours < theirs ? -1 : 1;
  }
  return 0;
};

/** What a route sends instead of the number: `{number}` is the number, `{rest}` what the `.` of its pattern stands for. */
const TEMPLATE = /^(?:[0-9*#+]|\{number\}|\{rest\})+$/;

/** Whether text says what a route sends: digits, `*`, `#`, `+`, `{number}`, `{rest}`. */
export const isSendTemplate = (text: string): boolean => TEMPLATE.test(text);

/** What a template makes of a number. */
export const fillTemplate = (template: string, { number, rest }: { number: string; rest: string }): string =>
  template.replaceAll('{number}', number).replaceAll('{rest}', rest);
