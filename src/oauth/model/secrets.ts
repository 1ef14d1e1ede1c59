import { hash, timingSafeEqual } from 'node:crypto';
import type { IdSource } from '../../shared/ids.ts';

/** A new code, token or client secret: 256 bits, out of reach of guessing (RFC 6749 section 10.10). */
export const newSecret = (ids: IdSource): string => ids.random(256);

/**
 * How a code, token, client secret or session id is stored: SHA-256 in base64url. Only for secrets of that strength,
 * never for what a person made up.
 */
export const hashSecret = (secret: string): string => hash('sha256', secret, 'base64url');

/** Compares in a time that tells nothing of the stored hash. */
export const secretMatches = (secret: string, stored: string): boolean => {
  const given = Buffer.from(hashSecret(secret));
  const expected = Buffer.from(stored);
  return given.length === expected.length && timingSafeEqual(given, expected);
};
