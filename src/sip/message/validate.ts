import { SipParseError } from './errors.ts';
import { spelling } from './header-names.ts';
import type { SipHeaders } from './headers.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { isPlainSipUri, parseUri, uriScheme } from './uri.ts';
import { parseVia, splitList } from './via.ts';

/** What a request earns that cannot be served as it is. */
export interface Violation {
  readonly status: 400 | 416;
  /** Plain ASCII: fit for the reason phrase. */
  readonly reason: string;
}

const MANDATORY = ['via', 'from', 'to', 'call-id', 'cseq'];
/** RFC 3261 section 7.3.1: a field that is no comma-separated list comes once. */
const SINGLE = ['from', 'to', 'call-id', 'cseq', 'max-forwards', 'content-type', 'expires', 'event', 'rack'];
const ADDRESS_LISTS = new Set(['contact', 'route', 'record-route']);

/** A bit for each field that is counted. */
const bits = new Map([...new Set([...MANDATORY, ...SINGLE])].map((name, index) => [name, 1 << index]));
const maskOf = (names: readonly string[]): number => names.reduce((mask, name) => mask | (bits.get(name) ?? 0), 0);
const allMandatory = maskOf(MANDATORY);
const allSingle = maskOf(SINGLE);

const nameIn = (mask: number, names: readonly string[]): string => {
  const found = names.find((name) => ((bits.get(name) ?? 0) & mask) !== 0);
  return found === undefined ? '' : spelling(found);
};

/** One pass over all fields: every message comes through here. */
const checkCounts = (headers: SipHeaders): string | undefined => {
  let seen = 0;
  let repeated = 0;
  for (let index = 0; index < headers.size; index += 1) {
    const bit = bits.get(headers.nameAt(index)) ?? 0;
    repeated |= seen & bit & allSingle;
    seen |= bit;
  }
  const missing = allMandatory & ~seen;
  if (missing !== 0) return `Missing ${nameIn(missing, MANDATORY)}`;
  return repeated === 0 ? undefined : `Repeated ${nameIn(repeated, SINGLE)}`;
};

const SIP = /^sips?:/i;
const isSip = (uri: string): boolean => SIP.test(uri);

/** URIs of other schemes are not judged here. */
const checkSipUri = (uri: string): void => {
  if (!isPlainSipUri(uri) && isSip(uri)) parseUri(uri);
};

/** The uppermost is read by its getter, which keeps it; a response has no other. */
const checkVias = (message: SipMessage): void => {
  if (message.topVia.host === '') throw new SipParseError('Malformed Via');
  if (!hasSeveralVias(message.headers)) return;
  for (const via of message.headers.all('via').flatMap(splitList).slice(1)) parseVia(via);
};

const hasSeveralVias = (headers: SipHeaders): boolean => {
  const first = headers.indexOf('via');
  return headers.indexOf('via', first + 1) !== -1 || headers.valueAt(first).includes(',');
};

const checkAddresses = (message: SipMessage): void => {
  checkSipUri(message.from.uri);
  checkSipUri(message.to.uri);
  const { headers } = message;
  for (let index = 0; index < headers.size; index += 1) {
    if (ADDRESS_LISTS.has(headers.nameAt(index))) checkAddressList(headers.valueAt(index));
  }
};

const checkAddressList = (value: string): void => {
  if (value === '*') return;
  for (const address of splitList(value)) checkSipUri(parseNameAddr(address).uri);
};

/** Reads every field that the layers above rely on, so that its getter does not throw there. */
const checkSyntax = (message: SipMessage): string | undefined => {
  try {
    checkVias(message);
    checkAddresses(message);
    if (message.callId === '') return 'Empty Call-ID';
    return message.cseq.method === '' ? 'Malformed CSeq' : undefined;
  } catch (error) {
    if (error instanceof SipParseError) return error.reason;
    throw error;
  }
};

const checkMaxForwards = (headers: SipHeaders): string | undefined => {
  const value = headers.get('max-forwards');
  if (value === undefined) return undefined;
  const valid = /^\d+$/.test(value) && Number(value) <= 255;
  return valid ? undefined : 'Malformed Max-Forwards';
};

const checkRequestUri = (text: string): Violation | undefined => {
  if (isPlainSipUri(text)) return undefined;
  const scheme = uriScheme(text);
  if (scheme === undefined) return { status: 400, reason: 'Malformed Request-URI' };
  if (scheme !== 'tel' && !isSip(text)) return { status: 416, reason: 'Unsupported URI Scheme' };
  try {
    const uri = parseUri(text);
    // RFC 3261 section 19.1.1: headers and a method have no place in a Request-URI.
    const hasHeaders = uri.scheme !== 'tel' && uri.headers.length > 0;
    return hasHeaders ? { status: 400, reason: 'Headers In Request-URI' } : undefined;
  } catch (error) {
    if (error instanceof SipParseError) return { status: 400, reason: 'Malformed Request-URI' };
    throw error;
  }
};

/** What only requests have to keep, once their fields can be read. */
const checkRequestFields = (request: SipRequest): string | undefined => {
  if (request.cseq.method !== request.method) return 'CSeq Method Mismatch';
  // RFC 3261 section 10.3: the address-of-record must be a SIP or SIPS URI.
  if (request.method === 'REGISTER' && !isSip(request.to.uri)) return 'To Is No Address-Of-Record';
  return checkMaxForwards(request.headers);
};

/**
 * What a request earns that is not fit to be served (RFC 3261 section 8.2, RFC 4475); undefined where it is. After
 * that, `from`, `to`, `cseq`, `topVia` and all addresses in Contact, Route and Record-Route can be read without error.
 * A version other than 2.0 never comes so far: `tryParse` answers it with 505.
 */
export const validateRequest = (request: SipRequest): Violation | undefined => {
  const reason = checkCounts(request.headers) ?? checkSyntax(request) ?? checkRequestFields(request);
  return reason === undefined ? checkRequestUri(request.uri) : { status: 400, reason };
};

/** Why a response has to be dropped; undefined where it need not be. As for requests, its fields can be read then. */
export const validateResponse = (response: SipResponse): string | undefined => {
  const reason = checkCounts(response.headers) ?? checkSyntax(response);
  if (reason !== undefined) return reason;
  if (!hasSeveralVias(response.headers)) return undefined;
  // RFC 3261 section 8.1.3.3: it went astray.
  const viaCount = response.headers.all('via').flatMap(splitList).length;
  return viaCount > 1 ? 'More Than One Via' : undefined;
};
