import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely } from 'kysely';
import { AppError } from '../../../shared/errors.ts';
import type { Database, DatabaseCopy, DatabaseOptions, ServingOptions } from '../../database.ts';
import { DatabaseFileError, describeReason, MigrationFailedError } from '../../errors.ts';
import { migrate } from '../../migrate.ts';
import type { Schema } from '../../schema.ts';
import { Checkpointer } from './checkpointer.ts';
import { inspectDatabaseFile } from './database-file.ts';
import { fileIdentityOf } from './file-identity.ts';
import { GroupCommit } from './group-commit.ts';
import { LogFlush } from './log-flush.ts';
import { makeDatabaseFile } from './make-database-file.ts';
import { alwaysAvailable, ServingHealth } from './serving-health.ts';
import { ServingLock } from './serving-lock.ts';
import { SqliteConnection, WAL_BYTES_KEPT } from './sqlite-connection.ts';
import { copySqliteFile } from './sqlite-copy.ts';
import { probe, SqliteDatabase } from './sqlite-database.ts';
import { createSqliteDialect } from './sqlite-dialect.ts';
import { reasonOf } from './sqlite-failure.ts';
import { locationOf, type SqliteLocation } from './sqlite-location.ts';

/**
 * @throws DatabaseInUseError when another process serves the file
 * @throws DatabaseFileError when the file of the lock cannot be made
 * @throws DatabaseUrlError when the address cannot be understood
 */
export const lockSqliteDatabase = (url: string): ServingLock => ServingLock.acquire(locationOf(url).path);

/**
 * See `identifyDatabase`.
 * @throws DatabaseUrlError when the address cannot be understood
 */
export const identifySqliteDatabase = (url: string): string => fileIdentityOf(locationOf(url).path);

/**
 * See `copyDatabase`.
 * @throws DatabaseUrlError when the address cannot be understood
 */
export const copySqliteDatabase = (url: string, file: string): DatabaseCopy =>
  copySqliteFile(locationOf(url).path, file);

/** See `openDatabase`. */
export const openSqliteDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const location = locationOf(options.url);
  const { path } = location;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (inspectDatabaseFile(path) === 'missing') {
      await makeDatabaseFile(path, async (draft) => (await openMigrated(draft)).builder.destroy());
    }
    const opened = await openMigrated(path);
    try {
      const { serving } = options;
      if (serving === undefined) return await assembleForCommand(opened, location, options);
      return await assembleForService(opened, location, { ...options, serving });
    } catch (error) {
      await opened.builder.destroy();
      throw error;
    }
  } catch (error) {
    throw asFileError(path, error);
  }
};

interface OpenedFile {
  readonly connection: SqliteConnection;
  readonly builder: Kysely<Schema>;
}

/** With every table, and marked as ours. SQLite itself waits for locks meanwhile. */
const openMigrated = async (path: string): Promise<OpenedFile> => {
  const connection = new SqliteConnection(path);
  const builder = new Kysely<Schema>({ dialect: createSqliteDialect(connection) });
  try {
    await migrate(builder);
    connection.sign();
    return { connection, builder };
  } catch (error) {
    await builder.destroy();
    throw error;
  }
};

const assembleForCommand = async (
  { connection, builder }: OpenedFile,
  { path, synchronous }: SqliteLocation,
  { clock, log }: DatabaseOptions,
): Promise<SqliteDatabase> => {
  const flush = await LogFlush.open({ databasePath: path, synchronous });
  const commits = new GroupCommit({ connection, flush, clock, log, companyMs: 0, lockWait: 'inside' });
  return new SqliteDatabase({ connection, builder, flush, commits, health: alwaysAvailable });
};

const assembleForService = async (
  { connection, builder }: OpenedFile,
  { path, synchronous }: SqliteLocation,
  {
    clock,
    log,
    serving: { companyMs, checkpointEveryMs, onCommit },
  }: DatabaseOptions & { readonly serving: ServingOptions },
): Promise<SqliteDatabase> => {
  const health: ServingHealth = new ServingHealth({
    clock,
    log,
    probe: () => commits.write(() => probe(builder)),
  });
  const rewrite = (): Promise<void> => checkpointer?.rewrite() ?? Promise.resolve();
  const flush = await LogFlush.open({ databasePath: path, synchronous, recovery: { clock, rewrite } });
  const commits = new GroupCommit({
    ...{ connection, flush, clock, log, companyMs, lockWait: 'beside', onCommit },
    onLoss: (error) => health.lost(error),
  });
  connection.waitsForNoLock();
  const checkpointer =
    checkpointEveryMs === undefined
      ? undefined
      : new Checkpointer({
          work: { path, everyMs: checkpointEveryMs, walBytesKept: WAL_BYTES_KEPT },
          clock,
          log,
          onVoice: (voice) => health[voice](),
          onThread: (thread) => connection.checkpointsItself(thread === 'lost'),
        });
  return new SqliteDatabase({ connection, builder, flush, commits, health, serving: { clock, health, checkpointer } });
};

/** What SQLite and the system say of the file, as one sentence that names it. */
const asFileError = (path: string, error: unknown): unknown => {
  const { cause } = error instanceof MigrationFailedError ? error : { cause: error };
  const reason = reasonOf(cause);
  if (reason !== undefined) {
    return new DatabaseFileError(`The database ${path} cannot be opened: ${describeReason(reason)}.`, { cause });
  }
  const isOfSystem = !(error instanceof AppError) && typeof (error as NodeJS.ErrnoException).code === 'string';
  return isOfSystem ? new DatabaseFileError(`The database ${path} cannot be opened.`, { cause }) : error;
};
