import { hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { SecretFileError } from './errors.ts';

const KEY_BYTES = 32;

/**
 * Reads the key that protects all secrets that must stay recoverable, and makes it at the first start: 32 random bytes in a file
 * of mode 0600. Of several processes that start at once, one makes it and all use it.
 * @throws SecretFileError when the file holds anything but such a key
 */
export const loadSecretKey = (path: string): Buffer => {
  const key = readKey(path) ?? makeKey(path);
  if (key.length !== KEY_BYTES) throw new SecretFileError(`${path} does not hold a key of ${KEY_BYTES} bytes.`);
  return key;
};

/** A key of its own for each purpose (HKDF, RFC 5869): what one of them gives away does not help with another. */
export const deriveKey = (secretKey: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, '', `offhook ${purpose}`, KEY_BYTES));

const readKey = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return undefined;
    throw new SecretFileError(`${path} cannot be read.`, { cause: error });
  }
};

/** Written under another name and linked: no process sees half a key, and an existing one is never replaced. */
const makeKey = (path: string): Buffer => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  writeDurably(draft, key);
  try {
    linkSync(draft, path);
    return key;
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return readFileSync(path);
    throw new SecretFileError(`${path} cannot be made.`, { cause: error });
  } finally {
    rmSync(draft);
  }
};

const writeDurably = (path: string, content: Buffer): void => {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

const isFileError = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
