import type { Database, DatabaseOptions } from './database.ts';
import { openSqliteDatabase, SQLITE_SCHEME } from './dialects/sqlite/sqlite-database.ts';
import { DatabaseUrlError } from './errors.ts';

/**
 * Opens the database that the scheme of the address names, and brings its tables up to date. Several processes may open
 * one file at once.
 * @throws DatabaseUrlError when the address cannot be understood
 * @throws DatabaseFileError when the file cannot be opened
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 * @throws DatabaseTooNewError when a newer version of the program has changed the tables
 * @throws MigrationFailedError when the tables could not be brought up to date
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  if (options.url.startsWith(SQLITE_SCHEME)) return openSqliteDatabase(options);
  throw new DatabaseUrlError(`The database must be "${SQLITE_SCHEME}<path>".`);
};
