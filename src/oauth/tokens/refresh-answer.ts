import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { IssuedTokens } from '../model/token-stores.ts';
import type { MintedTokens } from './token-minter.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whom an answer was for: only the same request gets it again. */
export interface AnsweredRequest {
  /** As it was sent; it is the key, and stored nowhere. */
  readonly refreshToken: string;
  readonly clientId: string;
  readonly scope: string | undefined;
  readonly dpopKey: string | null;
}

/** What a refresh gave. */
export interface RefreshAnswer {
  readonly minted: MintedTokens;
  readonly tokens: IssuedTokens;
}

const keyOf = ({ refreshToken }: AnsweredRequest): Buffer =>
  Buffer.from(hkdfSync('sha256', refreshToken, '', 'offhook refresh-answer', KEY_BYTES));

const boundTo = ({ clientId, scope, dpopKey }: AnsweredRequest): Buffer =>
  Buffer.from(JSON.stringify([clientId, scope ?? null, dpopKey]));

/**
 * Seals an answer with the refresh token that it was given for (AES-256-GCM, NIST SP 800-38D), of which the database has
 * a hash only: a dump of it opens nothing, and neither does the key file.
 */
export const sealAnswer = (answer: RefreshAnswer, request: AnsweredRequest): string => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(request), nonce).setAAD(boundTo(request));
  const text = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url');
};

/** @returns undefined where the token, client, scope or key of the request is another */
export const openAnswer = (sealed: string, request: AnsweredRequest): RefreshAnswer | undefined => {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv(CIPHER, keyOf(request), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(boundTo(request)).setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8');
  try {
    return JSON.parse(text + decipher.final('utf8')) as RefreshAnswer;
  } catch {
    return undefined; // the tag does not fit: what was sent differs from what was sealed
  }
};
