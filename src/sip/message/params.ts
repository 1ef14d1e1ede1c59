import { SipParseError } from './errors.ts';
import { closingQuote, quote, skipBlanks, unquote } from './grammar.ts';

/** Parameters behind a header value: names in lower case, values without their quotes, undefined for a bare name. */
export type Params = ReadonlyMap<string, string | undefined>;

export const noParams: Params = new Map();

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

const readName = (text: string, from: number, to: number): string => text.slice(from, to).trim().toLowerCase();

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

/** Takes parameters that have a place of their own. */
export interface ParamSink {
  /** @returns whether it was one */
  takeParam(name: string, value: string | undefined): boolean;
}

const takesNone: ParamSink = { takeParam: () => false };

/**
 * Reads `;name=value;name` from `from` to the end of the text (`generic-param`, RFC 3261 section 25.1). Empty
 * parameters, as in `;;`, are passed over; of a name that comes twice, the first counts.
 * @returns all that `sink` has not taken
 * @throws SipParseError where there is anything else
 */
export const parseParams = (text: string, from: number, sink = takesNone): Params => {
  let rest: Map<string, string | undefined> | undefined;
  let at = skipBlanks(text, from);
  while (at < text.length) {
    if (text.charCodeAt(at) !== SEMICOLON) throw new SipParseError('Malformed Parameters');
    const afterName = nameEnd(text, at + 1);
    const name = readName(text, at + 1, afterName);
    let value: string | undefined;
    at = afterName;
    if (text.charCodeAt(afterName) === EQUALS) {
      const start = skipBlanks(text, afterName + 1);
      const end = valueEnd(text, start);
      value = readValue(text.slice(start, end));
      at = skipBlanks(text, end);
    }
    if (name === '' || sink.takeParam(name, value)) continue;
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
