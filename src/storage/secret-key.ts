import { createHash, hkdfSync } from 'node:crypto';

/** So long is the key that protects all secrets that must stay recoverable. */
export const KEY_BYTES = 32;

/** A key of its own for each purpose (HKDF, RFC 5869): what one of them gives away does not help with another. */
export const deriveKey = (secretKey: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, '', `offhook ${purpose}`, KEY_BYTES));

/** What names a key and gives nothing of it away: the first 16 digits of what `sha256sum` prints of its file. */
export const fingerprintOf = (content: Buffer): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16);
