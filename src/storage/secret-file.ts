import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SecretFileError } from './errors.ts';
import { KEY_BYTES } from './secret-key.ts';

/**
 * @returns what the file holds; undefined where there is none
 * @throws SecretFileError when it cannot be read
 */
export const readSecretFile = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isFileError(cause, 'ENOENT')) return undefined;
    throw new SecretFileError(`The key file ${path} cannot be read.`, { cause });
  }
};

/**
 * Makes the file with a new key, for its user only. One that is there stays: of several processes that start at once, one
 * makes it and all use it.
 * @throws SecretFileError when it cannot be made
 */
export const makeSecretFile = (path: string): void => {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    withDraft(path, (draft) => linkUnlessThere(draft, path));
  } catch (cause) {
    throw new SecretFileError(`The key file ${path} cannot be made.`, { cause });
  }
};

/** A key file that took the place of another. */
export interface ReplacedSecretFile {
  readonly key: Buffer;
  /** Where the one before is kept; undefined where there was none. */
  readonly keptAs: string | undefined;
}

/**
 * Puts a new key in the place of a file, which is kept beside it: no key is ever destroyed.
 * @param suffix - what is added to the name of the kept one, and a number where that name is taken
 * @throws SecretFileError when it cannot be replaced; then it is as it was
 */
export const replaceSecretFile = (path: string, suffix: string): ReplacedSecretFile => {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return withDraft(path, (draft, key) => {
      const keptAs = keepAside(path, suffix);
      if (keptAs === undefined) linkSync(draft, path);
      else renameSync(draft, path);
      return { key, keptAs };
    });
  } catch (cause) {
    throw new SecretFileError(`The key file ${path} cannot be replaced.`, { cause });
  }
};

/** A key is written under another name first: no process sees half of one, and a loss of power leaves none either. */
const withDraft = <Result>(path: string, publish: (draft: string, key: Buffer) => Result): Result => {
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    writeDurably(draft, key);
    return publish(draft, key);
  } finally {
    rmSync(draft, { force: true });
    // The database will say that it needs this key: the name must not be lost where the database is not.
    syncDirectory(dirname(path));
  }
};

const linkUnlessThere = (draft: string, path: string): void => {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!isFileError(error, 'EEXIST')) throw error;
  }
};

const keepAside = (path: string, suffix: string): string | undefined => {
  for (let number = 1; ; number += 1) {
    const aside = `${path}${suffix}${number === 1 ? '' : `-${number}`}`;
    try {
      linkSync(path, aside);
      return aside;
    } catch (error) {
      if (isFileError(error, 'ENOENT')) return undefined;
      if (!isFileError(error, 'EEXIST')) throw error;
    }
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

/** Not every system lets a directory be opened or synchronized; such a one keeps names by itself. */
const syncDirectory = (path: string): void => {
  try {
    const directory = openSync(path, 'r');
    fsyncSync(directory);
    closeSync(directory);
  } catch {
    return;
  }
};

const isFileError = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
