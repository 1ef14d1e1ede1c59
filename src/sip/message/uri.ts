import { isIPv6 } from 'node:net';
import { SipParseError } from './errors.ts';

/**
 * A SIP or SIPS URI (RFC 3261 section 19.1). Escapes of characters that need none are resolved and the others have
 * upper-case digits, so that two parts that mean the same are the same string (section 19.1.4).
 */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** In lower case; an IPv6 reference with its brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  /** Names in lower case; undefined for a bare name. */
  readonly params: ReadonlyMap<string, string | undefined>;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** RFC 3966. */
export interface TelUri {
  readonly scheme: 'tel';
  /** Without visual separators; with a `+` where it is global. */
  readonly number: string;
  readonly params: ReadonlyMap<string, string | undefined>;
}

export type Uri = SipUri | TelUri;

const malformed = (): SipParseError => new SipParseError('Malformed URI');

const BAD_ESCAPE = /%(?![0-9a-f]{2})/i;
const FORBIDDEN = /[\s<>"@\\^`{|}]/;
/** Those that mean the same with and without an escape: `unreserved` (RFC 3261 section 25.1). */
const UNRESERVED = /[\w\-.!~*'()]/;

const normalise = (part: string): string => {
  if (FORBIDDEN.test(part)) throw malformed();
  if (!part.includes('%')) return part;
  if (BAD_ESCAPE.test(part)) throw malformed();
  return part.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
};

const HOST_PORT = /^([a-z0-9_\-.]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;

/** RFC 5118 section 4.10: the grammar of RFC 3261 led some to write three colons before an IPv4 part. */
const isHost = (host: string): boolean =>
  !host.startsWith('[') || isIPv6(host.slice(1, -1).replace(/:::(?=[\d.]+$)/, '::'));

const parseHostPort = (text: string): { host: string; port: number | undefined } => {
  const match = HOST_PORT.exec(text);
  const host = match?.[1]?.toLowerCase();
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (host === undefined || !isHost(host) || (port ?? 0) > 65_535) throw malformed();
  return { host, port };
};

const parseUriParams = (text: string): ReadonlyMap<string, string | undefined> => {
  const params = new Map<string, string | undefined>();
  for (const part of text.split(';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = normalise(equals === -1 ? part : part.slice(0, equals)).toLowerCase();
    if (name === '') throw malformed();
    const value = equals === -1 ? undefined : normalise(part.slice(equals + 1));
    if (!params.has(name)) params.set(name, value);
  }
  return params;
};

const parseUriHeaders = (text: string | undefined): SipUri['headers'] => {
  if (text === undefined) return [];
  return text.split('&').map((part) => {
    const equals = part.indexOf('=');
    if (equals < 1) throw malformed();
    return [normalise(part.slice(0, equals)).toLowerCase(), normalise(part.slice(equals + 1))] as const;
  });
};

/** Splits at the first separator. */
const cut = (text: string, separator: string): readonly [before: string, after: string | undefined] => {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
};

const parseUserInfo = (text: string | undefined): { user?: string; password?: string } => {
  if (text === undefined) return {};
  const [user, password] = cut(text, ':');
  if (user === '') throw malformed();
  return { user: normalise(user), ...(password === undefined ? {} : { password: normalise(password) }) };
};

const parseSip = (scheme: SipUri['scheme'], rest: string): SipUri => {
  const at = rest.indexOf('@');
  const userInfo = at === -1 ? undefined : rest.slice(0, at);
  const [beforeHeaders, headers] = cut(rest.slice(at + 1), '?');
  const [hostPort, params] = cut(beforeHeaders, ';');
  return {
    scheme,
    ...parseUserInfo(userInfo),
    ...parseHostPort(hostPort),
    params: parseUriParams(params ?? ''),
    headers: parseUriHeaders(headers),
  };
};

const TEL_NUMBER = /^(?:\+\d+|[0-9a-f*#]+)$/i;

const parseTel = (rest: string): TelUri => {
  const [raw, params] = cut(rest, ';');
  const number = raw.replace(/[-.()]/g, '').toLowerCase();
  if (!TEL_NUMBER.test(number)) throw malformed();
  return { scheme: 'tel', number, params: parseUriParams(params ?? '') };
};

/** The scheme of any URI, in lower case; undefined where there is none. */
export const uriScheme = (text: string): string | undefined => /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();

const PLAIN =
  /^sips?:(?:[\w\-.!~*'()&=+$,;?/#]+@)?[\w\-.]+(?::[1-5]?\d{1,4})?(?:;[\w\-.!~*'()+]+(?:=[\w\-.!~*'()+]*)?)*$/i;

/**
 * Whether it is surely a SIP URI that parses, without headers, as most are: known at a tenth of the cost of parsing it.
 */
export const isPlainSipUri = (text: string): boolean => PLAIN.test(text);

/**
 * Reads a sip, sips or tel URI.
 * @throws SipParseError on bad syntax and on any other scheme
 */
export const parseUri = (text: string): Uri => {
  const scheme = uriScheme(text);
  const rest = text.slice((scheme?.length ?? 0) + 1);
  if (scheme === 'sip' || scheme === 'sips') return parseSip(scheme, rest);
  if (scheme === 'tel') return parseTel(rest);
  throw new SipParseError('Unsupported URI Scheme');
};

const formatUriParams = (params: ReadonlyMap<string, string | undefined>): string =>
  [...params].map(([name, value]) => (value === undefined ? `;${name}` : `;${name}=${value}`)).join('');

const formatUserInfo = ({ user, password }: SipUri): string => {
  if (user === undefined) return '';
  return password === undefined ? `${user}@` : `${user}:${password}@`;
};

export const formatUri = (uri: Uri): string => {
  if (uri.scheme === 'tel') return `tel:${uri.number}${formatUriParams(uri.params)}`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  const headers = uri.headers.map(([name, value]) => `${name}=${value}`).join('&');
  const query = headers === '' ? '' : `?${headers}`;
  return `${uri.scheme}:${formatUserInfo(uri)}${uri.host}${port}${formatUriParams(uri.params)}${query}`;
};

/** A number or a plain name: nothing in it is escaped. */
const PLAIN_USER = /^[\w\-.!~*'()+]*$/;

/** Any text as the user part of a SIP URI, escaped where it has to be. */
export const escapeUser = (text: string): string => (PLAIN_USER.test(text) ? text : escapeAny(text));

const escapeAny = (text: string): string =>
  encodeURIComponent(text).replace(/%(?:26|3D|2B|24|2C|3B|3F|2F)/g, decodeURIComponent);
