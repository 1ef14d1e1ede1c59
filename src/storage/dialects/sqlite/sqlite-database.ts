import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type CompiledQuery, Kysely } from 'kysely';
import type { Log } from '../../../shared/log.ts';
import type { Database, DatabaseCopy, DatabaseOptions } from '../../database.ts';
import { DatabaseFileError, DatabaseUrlError, SqliteMissingError } from '../../errors.ts';
import { migrate } from '../../migrate.ts';
import type { Schema } from '../../schema.ts';
import type { Pace, UnitOfWork } from '../../unit-of-work.ts';
import type { CheckpointWork } from './checkpoint-worker.ts';
import { fileIdentityOf } from './file-identity.ts';
import { GroupCommit } from './group-commit.ts';
import { ServingLock } from './serving-lock.ts';
import { copySqliteDatabase } from './sqlite-copy.ts';
import { SqliteConnection, type Synchronous } from './sqlite-connection.ts';
import { createSqliteDialect } from './sqlite-dialect.ts';

export const SQLITE_SCHEME = 'sqlite:';

/** Where the database is and how much a commit waits for. */
interface SqliteLocation {
  readonly path: string;
  readonly synchronous: Synchronous;
}

const isSynchronous = (value: string): value is Synchronous => value === 'full' || value === 'normal';

const locationOf = (url: string): SqliteLocation => {
  const [path = '', query = ''] = url.slice(SQLITE_SCHEME.length).split('?', 2);
  if (path === '' || path === ':memory:') throw new DatabaseUrlError('The database must be a file.');
  const synchronous = new URLSearchParams(query).get('synchronous') ?? 'full';
  if (!isSynchronous(synchronous)) throw new DatabaseUrlError('"synchronous" must be "full" or "normal".');
  return { path, synchronous };
};

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

/** See `copyDatabase`. */
export const copySqliteDatabaseOf = (url: string, file: string): DatabaseCopy =>
  copySqliteDatabase(locationOf(url).path, file);

/** Checkpoints beside the event loop. Where its thread fails, the connection's own checkpoints take over. */
class Checkpointer {
  readonly #worker: Worker;

  constructor({ log, ...work }: CheckpointWork & { readonly log: Log }) {
    this.#worker = new Worker(new URL('./checkpoint-worker.js', import.meta.url), { workerData: work });
    this.#worker.unref();
    this.#worker.on('error', (error) => log.error({ err: error }, 'the thread that checkpoints has failed'));
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#worker.ref();
    this.#worker.postMessage('close');
    await ended;
  }
}

interface SqliteParts {
  readonly connection: SqliteConnection;
  readonly builder: Kysely<Schema>;
  readonly commits: GroupCommit;
  readonly checkpointer: Checkpointer | undefined;
}

/** The `Database` of one file: reads see the last commit, writes share one. */
class SqliteDatabase implements Database {
  readonly builder: Kysely<Schema>;
  readonly #connection: SqliteConnection;
  readonly #commits: GroupCommit;
  readonly #checkpointer: Checkpointer | undefined;
  #closing: Promise<void> | undefined;

  constructor({ connection, builder, commits, checkpointer }: SqliteParts) {
    this.builder = builder;
    this.#connection = connection;
    this.#commits = commits;
    this.#checkpointer = checkpointer;
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]> {
    const { lock } = this.#connection;
    if (!lock.held) return this.#connection.execute(query).rows as Row[];
    await lock.acquire();
    try {
      return this.#connection.execute(query).rows as Row[];
    } finally {
      lock.release();
    }
  }

  write<Result>(unit: () => UnitOfWork<Result>, pace?: Pace): Promise<Result> {
    return this.#commits.write(unit, pace);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#commits.close();
    await this.#checkpointer?.close();
    await this.builder.destroy();
  }
}

/** See `openDatabase`. */
export const openSqliteDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const { url, clock, log, commitPauseMs: pauseMs = 0, checkpointEveryMs: everyMs } = options;
  const location = locationOf(url);
  const { path } = location;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const connection = openConnection(location);
  const builder = new Kysely<Schema>({ dialect: createSqliteDialect(connection) });
  const commits = new GroupCommit({ connection, clock, log, pauseMs });
  try {
    await migrate(builder);
  } catch (error) {
    await builder.destroy();
    throw error;
  }
  const checkpointer = everyMs === undefined ? undefined : new Checkpointer({ path, everyMs, log });
  return new SqliteDatabase({ connection, builder, commits, checkpointer });
};

const openConnection = ({ path, synchronous }: SqliteLocation): SqliteConnection => {
  try {
    return new SqliteConnection(path, synchronous);
  } catch (cause) {
    if (cause instanceof SqliteMissingError) throw cause;
    throw new DatabaseFileError(`The database ${path} cannot be opened.`, { cause });
  }
};
