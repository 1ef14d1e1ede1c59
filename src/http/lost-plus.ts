/*
 * A form writes a blank as `+` (WHATWG URL, section 5), so a plus that its sender did not escape as `%2B` arrives as a
 * blank. Only the raw body tells such a blank from one that was sent as `%20`.
 */

/** A digit of any script, or a plus that was escaped. */
const SIGNIFICANT = /[\p{Nd}+\uff0b]/u;

const NONE: ReadonlySet<string> = new Set();

const decode = (raw: string): string => new URLSearchParams(`v=${raw}`).get('v') ?? '';

/** Whether a raw `+` stands before the first digit of a value, and no escaped one does. */
const mayHaveLostPlus = (raw: string): boolean => {
  const [first = '', ...rest] = raw.split('+').map(decode);
  if (rest.length === 0 || SIGNIFICANT.test(first)) return false;
  return /\p{Nd}/u.test(SIGNIFICANT.exec(rest.join(' '))?.[0] ?? '');
};

/** The names of the fields of a form before whose first digit a raw `+` stands. */
export const plusPerhapsLostIn = (form: string): ReadonlySet<string> => {
  if (!form.includes('+')) return NONE;
  const names = new Set<string>();
  for (const pair of form.split('&')) {
    const [name = '', ...value] = pair.split('=');
    if (mayHaveLostPlus(value.join('='))) names.add(decode(name));
  }
  return names;
};
