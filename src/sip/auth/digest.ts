import { createHash, timingSafeEqual } from 'node:crypto';

/** RFC 7616 section 6.1 and RFC 8760. */
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  /** As `ha1` makes it, also for the `-sess` algorithms. */
  readonly ha1: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Undefined: the way of RFC 2069, without qop. */
  readonly qop?: 'auth' | undefined;
  readonly cnonce?: string | undefined;
  /** The nonce count, eight hexadecimal digits. */
  readonly nc?: string | undefined;
}

const hash = (algorithm: DigestAlgorithm, text: string): string =>
  createHash(algorithm.startsWith('MD5') ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

/** The part that a server can keep in place of the password: good for this user, realm and hash alone. */
export const ha1 = (
  algorithm: DigestAlgorithm,
  user: { readonly username: string; readonly realm: string; readonly password: string },
): string => hash(algorithm, `${user.username}:${user.realm}:${user.password}`);

/** The value of `response` (RFC 7616 section 3.4.1), in lower-case hexadecimal. */
export const digestResponse = (input: DigestInput): string => {
  const { algorithm, nonce, qop, cnonce = '', nc = '' } = input;
  const secret = algorithm.endsWith('-sess') ? hash(algorithm, `${input.ha1}:${nonce}:${cnonce}`) : input.ha1;
  const ha2 = hash(algorithm, `${input.method}:${input.uri}`);
  const middle = qop === undefined ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  return hash(algorithm, `${secret}:${middle}:${ha2}`);
};

/** Compares a response with what it should be, in a time that tells nothing of where they differ. */
export const isSameDigest = (expected: string, given: string): boolean => {
  const a = Buffer.from(expected);
  const b = Buffer.from(given.toLowerCase());
  return a.length === b.length && timingSafeEqual(a, b);
};
