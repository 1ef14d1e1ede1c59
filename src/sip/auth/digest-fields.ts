import { SipParseError } from '../message/errors.ts';
import { quote } from '../message/grammar.ts';
import { type Params, parseParams } from '../message/params.ts';
import { splitList } from '../message/via.ts';
import type { DigestAlgorithm } from './digest.ts';

/** A value of WWW-Authenticate or Proxy-Authenticate (RFC 7616 section 3.3). */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque?: string | undefined;
  /** Empty where the server knows none (RFC 2069). */
  readonly qop: readonly string[];
  /** The nonce was too old but the password right: try again with this one. */
  readonly stale: boolean;
}

/** A value of Authorization or Proxy-Authorization (RFC 7616 section 3.4). */
export interface DigestAuthorization {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque?: string | undefined;
  readonly qop?: 'auth' | undefined;
  readonly cnonce?: string | undefined;
  /** Eight hexadecimal digits. */
  readonly nc?: string | undefined;
}

const ALGORITHMS: readonly DigestAlgorithm[] = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess'];
/** `Digest realm="..."` against `realm="..."`: a scheme is followed by a blank and no equals sign. */
const SCHEME = /^([\w\-.!%*+`'~]+)[ \t]+(?![ \t=])(.*)$/s;

interface SchemeValue {
  readonly scheme: string;
  readonly params: Params;
}

/** Splits a field with one or several schemes, each with parameters parted by commas like the schemes themselves. */
const readSchemes = (field: string): SchemeValue[] => {
  const found: { scheme: string; params: string[] }[] = [];
  for (const element of splitList(field)) {
    const [, scheme, first] = SCHEME.exec(element) ?? [];
    if (scheme !== undefined && first !== undefined) found.push({ scheme: scheme.toLowerCase(), params: [first] });
    else found.at(-1)?.params.push(element);
  }
  return found.map(({ scheme, params }) => ({
    scheme,
    params: scheme === 'digest' ? parseParams(`;${params.join(';')}`, 0) : new Map(),
  }));
};

/** @returns undefined for an algorithm that we do not know; MD5 where none is named */
const readAlgorithm = (params: Params): DigestAlgorithm | undefined => {
  const name = (params.get('algorithm') ?? 'MD5').toLowerCase();
  return ALGORITHMS.find((algorithm) => algorithm.toLowerCase() === name);
};

const toChallenge = (params: Params): DigestChallenge | undefined => {
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const algorithm = readAlgorithm(params);
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const qop = (params.get('qop') ?? '').split(',').map((option) => option.trim().toLowerCase());
  return {
    realm,
    nonce,
    algorithm,
    opaque: params.get('opaque'),
    qop: qop.filter((option) => option !== ''),
    stale: params.get('stale')?.toLowerCase() === 'true',
  };
};

/**
 * The Digest challenges of all fields of one name that can be answered, in their order: the first is the server's
 * favourite (RFC 8760 section 2.4). Other schemes, unknown algorithms and malformed ones are left out.
 */
export const parseDigestChallenges = (fields: readonly string[]): DigestChallenge[] =>
  fields.flatMap((field) => {
    try {
      return readSchemes(field)
        .filter(({ scheme }) => scheme === 'digest')
        .map(({ params }) => toChallenge(params))
        .filter((challenge) => challenge !== undefined);
    } catch (error) {
      if (error instanceof SipParseError) return [];
      throw error;
    }
  });

const required = (params: Params, name: string): string => {
  const value = params.get(name);
  if (value === undefined) throw new SipParseError(`Missing ${name} In Credentials`);
  return value;
};

const readQop = (params: Params): 'auth' | undefined => {
  const qop = params.get('qop')?.toLowerCase();
  if (qop === undefined || qop === 'auth') return qop;
  throw new SipParseError('Unknown qop In Credentials');
};

const NONCE_COUNT = /^[0-9a-f]{8}$/i;

/**
 * @returns undefined for another scheme than Digest
 * @throws SipParseError where a parameter is missing, malformed or of an algorithm or qop that we do not know: 400
 */
export const parseDigestAuthorization = (field: string): DigestAuthorization | undefined => {
  const [first] = readSchemes(field);
  if (first?.scheme !== 'digest') return undefined;
  const { params } = first;
  const algorithm = readAlgorithm(params);
  if (algorithm === undefined) throw new SipParseError('Unknown Algorithm In Credentials');
  const qop = readQop(params);
  const nc = qop === undefined ? undefined : required(params, 'nc');
  if (nc !== undefined && !NONCE_COUNT.test(nc)) throw new SipParseError('Malformed nc In Credentials');
  return {
    username: required(params, 'username'),
    realm: required(params, 'realm'),
    nonce: required(params, 'nonce'),
    uri: required(params, 'uri'),
    response: required(params, 'response'),
    algorithm,
    opaque: params.get('opaque'),
    qop,
    cnonce: qop === undefined ? params.get('cnonce') : required(params, 'cnonce'),
    nc,
  };
};

const optional = (name: string, value: string | undefined, write = (text: string): string => text): string[] =>
  value === undefined ? [] : [`${name}=${write(value)}`];

export const formatDigestAuthorization = (authorization: DigestAuthorization): string =>
  `Digest ${[
    `username=${quote(authorization.username)}`,
    `realm=${quote(authorization.realm)}`,
    `nonce=${quote(authorization.nonce)}`,
    `uri=${quote(authorization.uri)}`,
    `response="${authorization.response}"`,
    `algorithm=${authorization.algorithm}`,
    ...optional('cnonce', authorization.cnonce, quote),
    ...optional('opaque', authorization.opaque, quote),
    // RFC 7616 section 3.4: neither of these two is quoted.
    ...optional('qop', authorization.qop),
    ...optional('nc', authorization.nc),
  ].join(', ')}`;

export const formatDigestChallenge = (challenge: DigestChallenge): string =>
  `Digest ${[
    `realm=${quote(challenge.realm)}`,
    ...(challenge.qop.length === 0 ? [] : [`qop=${quote(challenge.qop.join(','))}`]),
    `nonce=${quote(challenge.nonce)}`,
    ...optional('opaque', challenge.opaque, quote),
    ...(challenge.stale ? ['stale=true'] : []),
    `algorithm=${challenge.algorithm}`,
  ].join(', ')}`;
