import type { Database, DatabaseCopy, DatabaseLock, DatabaseOptions } from './database.ts';
import {
  copySqliteDatabase,
  identifySqliteDatabase,
  lockSqliteDatabase,
  openSqliteDatabase,
} from './dialects/sqlite/open-sqlite-database.ts';
import { SQLITE_SCHEME } from './dialects/sqlite/sqlite-location.ts';
import { DatabaseUrlError } from './errors.ts';

/**
 * Opens the database that the scheme of the address names, and brings its tables up to date. Several processes may open
 * one file at once.
 * @throws DatabaseUrlError when the address cannot be understood
 * @throws DatabaseFileError when the file cannot be opened, or is no sound database of this program
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 * @throws DatabaseTooNewError when a newer version of the program has changed the tables
 * @throws MigrationFailedError when the tables could not be brought up to date
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  assertKnown(options.url);
  return openSqliteDatabase(options);
};

/**
 * Takes a database for this process to serve it, before it is opened. Commands may use it beside that.
 * @throws DatabaseUrlError when the address cannot be understood
 * @throws DatabaseInUseError when another process serves it
 * @throws DatabaseFileError when the lock cannot be made
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 */
export const lockDatabase = (url: string): DatabaseLock => {
  assertKnown(url);
  return lockSqliteDatabase(url);
};

/**
 * @returns what tells this database from a copy of it; it must have been opened before
 * @throws DatabaseUrlError when the address cannot be understood
 */
export const identifyDatabase = (url: string): string => {
  assertKnown(url);
  return identifySqliteDatabase(url);
};

/**
 * Copies a database as of one moment into a new file, which only its owner reads, and checks it. The process that serves
 * the database goes on meanwhile; this one stands still.
 * @throws BackupError when the file exists, cannot be written, or is not sound; nothing of it is left
 * @throws DatabaseUrlError when the address cannot be understood
 * @throws DatabaseFileError when the database cannot be opened
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 */
export const copyDatabase = (url: string, file: string): DatabaseCopy => {
  assertKnown(url);
  return copySqliteDatabase(url, file);
};

const assertKnown = (url: string): void => {
  if (!url.startsWith(SQLITE_SCHEME)) throw new DatabaseUrlError(`The database must be "${SQLITE_SCHEME}<path>".`);
};
