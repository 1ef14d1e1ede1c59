import { mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Sqlite from 'better-sqlite3';
import type { DatabaseLock } from '../../database.ts';
import { DatabaseFileError, DatabaseInUseError, SqliteMissingError } from '../../errors.ts';
import { openSqlite } from './better-sqlite3.ts';

/**
 * That one process serves a database file, and no second one: two would close each other's calls. It is an exclusive
 * transaction of an empty SQLite file beside the database, so that the operating system frees it however the process
 * ends, at a kill -9 too.
 *
 * Never open that file by `fs` in this process: POSIX drops the locks of a process when it closes any descriptor of the
 * file (https://www.sqlite.org/howtocorrupt.html, section 2.2). On a network file system locks are as good as its own.
 */
export class ServingLock implements DatabaseLock {
  readonly #file: Sqlite.Database;

  private constructor(file: Sqlite.Database) {
    this.#file = file;
  }

  /**
   * Takes the lock at once, or not at all.
   * @throws DatabaseInUseError when another process serves the database
   * @throws DatabaseFileError when the file of the lock cannot be made
   */
  static acquire(databasePath: string): ServingLock {
    const path = `${realPathOf(databasePath)}-serving`;
    let file: Sqlite.Database | undefined;
    try {
      file = openSqlite(path, { timeout: 0 });
      file.pragma('journal_mode = DELETE');
      file.exec('begin exclusive');
      return new ServingLock(file);
    } catch (error) {
      file?.close();
      if (error instanceof SqliteMissingError) throw error;
      if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new DatabaseInUseError(databasePath);
      throw new DatabaseFileError(`The lock file ${path} cannot be used.`, { cause: error });
    }
  }

  /** Idempotent. */
  release(): void {
    this.#file.close();
  }
}

/** One name for one file, also where it is not made yet or is reached through links. */
const realPathOf = (path: string): string => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return realpathSync(path);
  } catch {
    return join(realpathSync(dirname(path)), basename(path));
  }
};
