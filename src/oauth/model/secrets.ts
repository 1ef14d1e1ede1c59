import { hash, timingSafeEqual } from 'node:crypto';
import { hash as hashWithArgon2, verify as verifyWithArgon2 } from '@node-rs/argon2';
import type { IdSource } from '../../shared/ids.ts';

/** A new code, token or client secret: 256 bits, out of reach of guessing (RFC 6749 section 10.10). */
export const newSecret = (ids: IdSource): string => ids.random(256);

/**
 * How a code, token, client secret or session id is stored: SHA-256 in base64url. Only for secrets of that strength,
 * never for what a person made up.
 */
export const hashSecret = (secret: string): string => hash('sha256', secret, 'base64url');

/** Compares in a time that shows nothing of the stored hash. */
export const secretMatches = (secret: string, stored: string): boolean => {
  const given = Buffer.from(hashSecret(secret));
  const expected = Buffer.from(stored);
  return given.length === expected.length && timingSafeEqual(given, expected);
};

/** argon2id over people's passwords. */
export interface PasswordHasher {
  /** @returns the PHC string to store */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash; for an unknown user, with that of no password: `false`, and it costs the same. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/** RFC 9106 section 3.1: memory in KiB, passes over it, lanes. */
export interface HashCost {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** OWASP's smallest recommendation, some 20 ms. */
const OWASP_COST: HashCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** No password has this hash. */
const hashOfNoPassword = ({ memoryCost, timeCost, parallelism }: HashCost): string =>
  `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}` +
  '$b2ZmaG9va29mZmhvb2tvZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

/** Argon2id is the library's default, and cannot be named: its type is a const enum, which is no value. */
export const createPasswordHasher = (cost: HashCost = OWASP_COST): PasswordHasher => ({
  hash: (password) => hashWithArgon2(password.normalize('NFC'), cost),
  verify: async (password, stored) => {
    const matches = await verifyWithArgon2(stored ?? hashOfNoPassword(cost), password.normalize('NFC'));
    return matches && stored !== undefined;
  },
});
