import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SealBrokenError } from './errors.ts';
import { deriveKey } from './secret-key.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals short secrets that must be recoverable (AES-256-GCM, NIST SP 800-38D), with a key of its own for each purpose.
 * A sealed value is base64url of nonce, ciphertext and tag. It opens only for the `owner` that it was sealed for, so
 * that it cannot be moved to another row.
 */
export class SecretBox {
  readonly #key: Buffer;

  constructor(secretKey: Buffer, purpose: string) {
    this.#key = deriveKey(secretKey, purpose);
  }

  seal(secret: string, owner: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(Buffer.from(owner));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url');
  }

  /**
   * Opens what `seal` gave.
   * @throws SealBrokenError when the key, the purpose or the owner is another, or the value was altered
   */
  open(sealed: string, owner: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(text, undefined, 'utf8') + decipher.final('utf8');
    } catch (error) {
      throw new SealBrokenError('A stored secret does not open with this key file.', { cause: error });
    }
  }
}
