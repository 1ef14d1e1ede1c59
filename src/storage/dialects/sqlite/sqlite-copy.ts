import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import type { DatabaseCopy } from '../../database.ts';
import { BackupError, DatabaseFileError, SqliteMissingError } from '../../errors.ts';
import { openSqlite } from './better-sqlite3.ts';
import { inspectDatabaseFile } from './database-file.ts';

const OWNER_ONLY = 0o600;
const BUSY_TIMEOUT_MS = 5000;

/**
 * Copies a database as of one moment into a new file that only its owner reads; whoever serves it goes on meanwhile. The
 * file gets its name when it is whole and on the disk. Neither the tables nor the key are touched. It holds the event
 * loop for as long as it takes: it is for a command.
 * @throws BackupError when the file exists, cannot be written, or is not sound
 * @throws DatabaseFileError when the database cannot be opened
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 */
export const copySqliteFile = (path: string, file: string): DatabaseCopy => {
  refuseExisting(file);
  const source = openSource(path);
  const partial = `${file}.partial`;
  try {
    reserve(partial, file);
    try {
      writeCopy(source, partial, file);
      const keyFingerprint = inspectCopy(partial, file);
      publish(partial, file);
      return { file, bytes: statSync(file).size, keyFingerprint };
    } finally {
      for (const each of [partial, `${partial}-journal`, `${partial}-wal`, `${partial}-shm`])
        rmSync(each, { force: true });
    }
  } finally {
    source.close();
  }
};

const refuseExisting = (file: string): void => {
  if (statSync(file, { throwIfNoEntry: false }) !== undefined) throw existsError(file);
};

const existsError = (file: string): BackupError =>
  new BackupError(`${file} exists already: a backup is never written over another file.`);

const failedError = (file: string, cause: unknown): BackupError =>
  new BackupError(`The backup ${file} could not be written.`, { cause });

const openSource = (path: string): Sqlite.Database => {
  if (inspectDatabaseFile(path) === 'missing') throw new DatabaseFileError(`There is no database ${path}.`);
  try {
    const source = openSqlite(path, { timeout: BUSY_TIMEOUT_MS, fileMustExist: true });
    source.pragma('schema_version'); // a file that is no database is noticed only now
    return source;
  } catch (cause) {
    if (cause instanceof SqliteMissingError) throw cause;
    throw new DatabaseFileError(`The database ${path} cannot be opened.`, { cause });
  }
};

/** Makes the file before SQLite does, so that nobody else can read it at any time. */
const reserve = (partial: string, file: string): void => {
  try {
    closeSync(openSync(partial, 'wx', OWNER_ONLY));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new BackupError(`${partial} exists: another backup writes it, or one that was broken off left it.`);
    }
    throw failedError(file, cause);
  }
};

const writeCopy = (source: Sqlite.Database, partial: string, file: string): void => {
  try {
    source.prepare('vacuum into ?').run(partial);
    flush(partial);
  } catch (cause) {
    throw failedError(file, cause);
  }
};

const flush = (path: string): void => {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** @returns the fingerprint of the key that the copy needs; null where it names none */
const inspectCopy = (partial: string, file: string): string | null => {
  const copy = openSqlite(partial, { fileMustExist: true });
  try {
    const state = copy.pragma('quick_check', { simple: true });
    if (state !== 'ok') throw new BackupError(`The backup ${file} is not sound (${String(state)}), and was not kept.`);
    if (copy.prepare("select 1 from sqlite_schema where name = 'facts'").get() === undefined) return null;
    const [value] = copy.prepare("select value from facts where name = 'secret_fingerprint'").pluck().all();
    return typeof value === 'string' ? value : null;
  } finally {
    copy.close();
  }
};

/** Gives the file its name, unless there is one of that name by now. */
const publish = (partial: string, file: string): void => {
  try {
    linkSync(partial, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw existsError(file);
    // Some file systems know no second name for a file.
    refuseExisting(file);
    renameSync(partial, file);
  }
  flush(dirname(file));
};
