import { SipParseError } from './errors.ts';
import { closingQuote, quote, skipBlanks, unquote } from './grammar.ts';

/** Parameters behind a header value: names in lower case, values without their quotes, undefined for a bare name. */
export type Params = ReadonlyMap<string, string | undefined>;

const noParams: Params = new Map();

const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const UNQUOTED_VALUE = /^[\w\-.!%*+`'~[\]:]+$/;

const valueEnd = (text: string, from: number): number => {
  if (text.charCodeAt(from) === QUOTE) {
    const closing = closingQuote(text, from);
    if (closing === -1) throw new SipParseError('Unbalanced Quotes');
    return closing + 1;
  }
  const semicolon = text.indexOf(';', from);
  return semicolon === -1 ? text.length : semicolon;
};

const readValue = (raw: string): string => {
  const value = raw.trim();
  return value.charCodeAt(0) === QUOTE ? unquote(value) : value;
};

/**
 * The index of the `=` of the parameter that starts at `from`, or of what ends it without one.
 */
const nameEnd = (text: string, from: number): number => {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === SEMICOLON || code === EQUALS) break;
  }
  return at;
};

/** Takes a parameter that has a place of its own. @returns whether it was one */
type TakeParam = (name: string, value: string | undefined) => boolean;

const takeNone: TakeParam = () => false;

interface Param {
  readonly name: string;
  readonly value: string | undefined;
  /** The index behind it. */
  readonly end: number;
}

/** Reads the parameter behind the semicolon at `at`. */
const readParam = (text: string, at: number): Param => {
  if (text.charCodeAt(at) !== SEMICOLON) throw new SipParseError('Malformed Parameters');
  const afterName = nameEnd(text, at + 1);
  const name = text
    .slice(at + 1, afterName)
    .trim()
    .toLowerCase();
  if (text.charCodeAt(afterName) !== EQUALS) return { name, value: undefined, end: afterName };
  const start = skipBlanks(text, afterName + 1);
  const end = valueEnd(text, start);
  return { name, value: readValue(text.slice(start, end)), end: skipBlanks(text, end) };
};

/**
 * Reads `;name=value;name` from `from` to the end of the text (`generic-param`, RFC 3261 section 25.1). Empty
 * parameters, as in `;;`, are passed over; of a name that comes twice, the first counts.
 * @returns all that `take` has not taken
 * @throws SipParseError where there is anything else
 */
export const parseParams = (text: string, from: number, take = takeNone): Params => {
  let rest: Map<string, string | undefined> | undefined;
  let at = skipBlanks(text, from);
  while (at < text.length) {
    const { name, value, end } = readParam(text, at);
    at = end;
    if (name === '' || take(name, value)) continue;
    rest ??= new Map();
    if (!rest.has(name)) rest.set(name, value);
  }
  return rest ?? noParams;
};

/** The inverse of `parseParams`; a value is quoted where it has to be. */
export const formatParams = (params: Params): string => {
  let text = '';
  for (const [name, value] of params) {
    if (value === undefined) text += `;${name}`;
    else text += `;${name}=${UNQUOTED_VALUE.test(value) ? value : quote(value)}`;
  }
  return text;
};
