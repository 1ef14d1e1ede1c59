import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { UnavailableReason } from '../../errors.ts';

/** Errors of SQLite that concern the file as a whole (https://www.sqlite.org/rescode.html), by how their codes begin. */
const reasonsOfCodes: readonly (readonly [string, UnavailableReason])[] = [
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_PROTOCOL', 'locked'],
  ['SQLITE_READONLY', 'read-only'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_NOMEM', 'no-memory'],
  ['SQLITE_IOERR_NOMEM', 'no-memory'],
  ['SQLITE_IOERR', 'disk-error'],
  ['SQLITE_CANTOPEN', 'disk-error'],
  // Of the system, from a flush.
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EROFS', 'read-only'],
  ['EMFILE', 'no-descriptors'],
  ['ENFILE', 'no-descriptors'],
  ['ENOMEM', 'no-memory'],
  ['EIO', 'disk-error'],
];

const codeOf = (error: unknown): string => {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
};

/** Whether another connection holds the lock that was asked for: to be tried again. */
export const isLocked = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_BUSY');

/** Why the database as a whole cannot be used; undefined where the error is of one statement alone. */
export const reasonOf = (error: unknown): UnavailableReason | undefined => {
  const code = codeOf(error);
  const [, reason] = reasonsOfCodes.find(([beginning]) => code.startsWith(beginning)) ?? [];
  // SQLite says no more than that a file could not be opened.
  if (code.startsWith('SQLITE_CANTOPEN') && descriptorsAreUsedUp()) return 'no-descriptors';
  return reason;
};

const descriptorsAreUsedUp = (): boolean => {
  try {
    closeSync(openSync(devNull, 'r'));
    return false;
  } catch {
    return true;
  }
};
