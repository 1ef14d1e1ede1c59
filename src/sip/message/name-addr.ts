import { SipParseError } from './errors.ts';
import { closingQuote, quote, skipBlanks, unquote } from './grammar.ts';
import { formatParams, noParams, type Params, type ParamSink, parseParams } from './params.ts';
import { splitList } from './via.ts';

/** The value of From, To, Contact, Route and the like: `name-addr` or `addr-spec` (RFC 3261 section 20.10). */
export interface NameAddr {
  /** Without quotes and escapes. */
  readonly display?: string | undefined;
  /** As it came, without the angle brackets. */
  readonly uri: string;
  readonly tag?: string | undefined;
  /** All header parameters but the tag. */
  readonly params: Params;
}

const URI = /^[a-z][a-z0-9+.-]*:[^\s<>"]+$/i;
/** Without angle brackets these would be read as the header's own (RFC 3261 section 20.10). */
const NEEDS_BRACKETS = /[,?]/;
/** Liberal: RFC 3261 has only tokens and blanks here. A comma would make it two values. */
const BARE_DISPLAY = /^[^",;<>]*$/;

const readUri = (uri: string): string => {
  if (!URI.test(uri)) throw new SipParseError('Malformed URI');
  return uri;
};

class TagSink implements ParamSink {
  tag: string | undefined;

  takeParam(name: string, value: string | undefined): boolean {
    if (name !== 'tag') return false;
    this.tag ??= value ?? '';
    return true;
  }
}

const build = (display: string | undefined, uri: string, value: string, paramsStart: number): NameAddr => {
  if (paramsStart === value.length) return { display, uri, tag: undefined, params: noParams };
  const sink = new TagSink();
  const params = parseParams(value, paramsStart, sink);
  return { display, uri, tag: sink.tag, params };
};

const parseAddrSpec = (value: string): NameAddr => {
  const semicolon = value.indexOf(';');
  const end = semicolon === -1 ? value.length : semicolon;
  const uri = readUri(value.slice(0, end).trimEnd());
  if (NEEDS_BRACKETS.test(uri)) throw new SipParseError('URI Needs Angle Brackets');
  return build(undefined, uri, value, end);
};

const readBareDisplay = (raw: string): string | undefined => {
  if (raw === '') return undefined;
  if (!BARE_DISPLAY.test(raw)) throw new SipParseError('Malformed Display Name');
  const display = raw.trim();
  return display === '' ? undefined : display;
};

const parseBracketed = (value: string, open: number, display: string | undefined): NameAddr => {
  const close = value.indexOf('>', open);
  if (close === -1) throw new SipParseError('Unbalanced Angle Brackets');
  return build(display, readUri(value.slice(open + 1, close)), value, close + 1);
};

const parseQuoted = (value: string): NameAddr => {
  const closing = closingQuote(value, 0);
  if (closing === -1) throw new SipParseError('Unbalanced Quotes');
  const open = skipBlanks(value, closing + 1);
  if (value[open] !== '<') throw new SipParseError('Malformed Address');
  return parseBracketed(value, open, unquote(value.slice(0, closing + 1)));
};

/**
 * Parses one value, not a list of them.
 * @throws SipParseError where it is malformed
 */
export const parseNameAddr = (value: string): NameAddr => {
  if (value.startsWith('"')) return parseQuoted(value);
  const open = value.indexOf('<');
  if (open === -1) return parseAddrSpec(value);
  const semicolon = value.indexOf(';');
  if (semicolon !== -1 && semicolon < open) return parseAddrSpec(value);
  return parseBracketed(value, open, readBareDisplay(value.slice(0, open)));
};

/** Always in angle brackets, a display name always in quotes, the tag last. */
export const formatNameAddr = ({ display, uri, tag, params }: NameAddr): string => {
  const name = display === undefined ? '' : `${quote(display)} `;
  const tagParam = tag === undefined ? '' : `;tag=${tag}`;
  return `${name}<${uri}>${formatParams(params)}${tagParam}`;
};

/** Every value of a list, as Contact is one; what cannot be read is left out. */
export const readableNameAddrs = (fields: readonly string[]): readonly NameAddr[] =>
  fields
    .flatMap((field) => splitList(field))
    .flatMap((value) => {
      try {
        return [parseNameAddr(value)];
      } catch (error) {
        if (error instanceof SipParseError) return [];
        throw error;
      }
    });
