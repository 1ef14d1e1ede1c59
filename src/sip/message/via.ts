import { SipParseError } from './errors.ts';
import { closingQuote } from './grammar.ts';
import { formatParams, type Params, type ParamSink, parseParams } from './params.ts';

/** One value of Via (RFC 3261 section 20.42). */
export interface Via {
  /** In upper case: UDP, TCP, TLS, WS, WSS. */
  readonly protocol: string;
  /** The host of sent-by; an IPv6 reference with its brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly branch?: string | undefined;
  /** An IP address, an IPv6 one without brackets. */
  readonly received?: string | undefined;
  /** RFC 3581: asked for without a value by the client, given by the server. */
  readonly rport?: number | 'requested' | undefined;
  /** All other parameters: maddr, ttl, alias (RFC 5923) and so on. */
  readonly params: Params;
}

const VIA =
  /^[\w\-.!%*+`'~]+[ \t]*\/[ \t]*[\w\-.!%*+`'~]+[ \t]*\/[ \t]*([\w\-.!%*+`'~]+)[ \t]+([\w\-.]+|\[[0-9a-f:.]+\])[ \t]*(?::[ \t]*(\d{1,5})[ \t]*)?(?=;|$)/i;

const readRport = (value: string | undefined): Via['rport'] => {
  if (value === undefined || value === '') return 'requested';
  if (!/^\d{1,5}$/.test(value)) throw new SipParseError('Malformed Via');
  return Number(value);
};

/** RFC 5118 section 4.5: with or without brackets it is the same address. */
const readReceived = (value: string | undefined): string | undefined =>
  value?.startsWith('[') === true ? value.slice(1, -1) : value;

/** The parameters that have a field of their own. */
class OwnParams implements ParamSink {
  branch: string | undefined;
  received: string | undefined;
  rport: Via['rport'];

  takeParam(name: string, value: string | undefined): boolean {
    if (name === 'branch') this.branch ??= value;
    else if (name === 'received') this.received ??= readReceived(value);
    else if (name === 'rport') this.rport ??= readRport(value);
    else return false;
    return true;
  }
}

interface SentBy {
  readonly protocol: string;
  readonly host: string;
  readonly port: number | undefined;
  /** The index behind it. */
  readonly end: number;
}

const readSentBy = (value: string): SentBy => {
  const [sentBy, protocol, host, portDigits] = VIA.exec(value) ?? [];
  if (sentBy === undefined || protocol === undefined || host === undefined) throw new SipParseError('Malformed Via');
  const port = portDigits === undefined ? undefined : Number(portDigits);
  return { protocol: protocol.toUpperCase(), host, port, end: sentBy.length };
};

const UDP = 'SIP/2.0/UDP ';
const COLON = 0x3a;
const SEMICOLON = 0x3b;

/** Sent-by as nearly all write it, IPv4 and a port, without the expression; undefined for any other. */
const readPlainSentBy = (value: string): SentBy | undefined => {
  if (!value.startsWith(UDP)) return undefined;
  const colon = indexBehind(value, UDP.length, isDigitOrDot);
  const end = indexBehind(value, colon + 1, isDigit);
  const digits = end - colon - 1;
  if (colon === UDP.length || value.charCodeAt(colon) !== COLON || digits < 1 || digits > 5) return undefined;
  if (end < value.length && value.charCodeAt(end) !== SEMICOLON) return undefined;
  return { protocol: 'UDP', host: value.slice(UDP.length, colon), port: Number(value.slice(colon + 1, end)), end };
};

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isDigitOrDot = (code: number): boolean => isDigit(code) || code === 0x2e;

const indexBehind = (text: string, from: number, isPart: (code: number) => boolean): number => {
  let at = from;
  while (isPart(text.charCodeAt(at))) at += 1;
  return at;
};

/**
 * Reads one value of Via.
 * @throws SipParseError where it is malformed
 */
export const parseVia = (value: string): Via => {
  const { protocol, host, port, end } = readPlainSentBy(value) ?? readSentBy(value);
  const own = new OwnParams();
  const params = parseParams(value, end, own);
  const { branch, received, rport } = own;
  return { protocol, host, port, branch, received, rport, params };
};

export const formatVia = (via: Via): string => {
  let text = `SIP/2.0/${via.protocol} ${via.host}`;
  if (via.port !== undefined) text += `:${via.port}`;
  if (via.branch !== undefined) text += `;branch=${via.branch}`;
  if (via.received !== undefined) text += `;received=${via.received}`;
  if (via.rport !== undefined) text += via.rport === 'requested' ? ';rport' : `;rport=${via.rport}`;
  return text + formatParams(via.params);
};

/** The index of the comma that ends the list element at `from`, or the end of the text. */
const elementEnd = (text: string, from: number): number => {
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === ',') return at;
    const closing = character === '"' ? closingQuote(text, at) : character === '<' ? text.indexOf('>', at) : at;
    if (closing === -1) return text.length;
    at = closing;
  }
  return text.length;
};

/** Splits a header value at its commas, but not in quoted strings or angle brackets. Empty elements are left out. */
export const splitList = (value: string): string[] => {
  if (!value.includes(',')) return value === '' ? [] : [value];
  const elements: string[] = [];
  for (let at = 0; at < value.length;) {
    const end = elementEnd(value, at);
    const element = value.slice(at, end).trim();
    if (element !== '') elements.push(element);
    at = end + 1;
  }
  return elements;
};
