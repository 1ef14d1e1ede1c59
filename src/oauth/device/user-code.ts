import type { IdSource } from '../../shared/ids.ts';
import { hashSecret } from '../model/secrets.ts';

/** RFC 8628 section 6.1: no vowels, so no words; nothing that looks like another letter or a digit. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
const HALF = LENGTH / 2;
const DRAWN_BYTES = 16;
/** A byte above this would make some letters likelier than others. */
const FAIR_BYTES = 256 - (256 % LETTERS.length);

/** A new code that a person types: 34 bits, which a few minutes and a limit on guesses make enough (section 5.1). */
export const newUserCode = (ids: IdSource): string => {
  let letters = '';
  while (letters.length < LENGTH) {
    const drawn = Buffer.from(ids.random(DRAWN_BYTES * 8), 'base64url').filter((byte) => byte < FAIR_BYTES);
    letters += Array.from(drawn, (byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
  }
  return `${letters.slice(0, HALF)}-${letters.slice(HALF, LENGTH)}`;
};

/** A user code as the device shows it, however it was typed: case, dashes and spaces say nothing. */
export const canonicalUserCode = (typed: string): string => {
  const letters = typed.replace(/[\s\p{Dash}]/gu, '').toUpperCase();
  return `${letters.slice(0, HALF)}-${letters.slice(HALF)}`;
};

/** How a user code is stored and looked up. */
export const hashUserCode = (typed: string): string => hashSecret(canonicalUserCode(typed));
