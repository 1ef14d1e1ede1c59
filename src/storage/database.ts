import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, type CompiledQuery } from 'kysely';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { parseDatabaseUrl, type DatabaseLocation } from './database-url.ts';
import { Checkpointer } from './dialects/sqlite/checkpointer.ts';
import { GroupCommit, type CommitReport } from './dialects/sqlite/group-commit.ts';
import { SqliteConnection } from './dialects/sqlite/sqlite-connection.ts';
import { createSqliteDialect } from './dialects/sqlite/sqlite-dialect.ts';
import { DatabaseFileError } from './errors.ts';
import { migrate } from './migrate.ts';
import type { Schema } from './schema.ts';
import type { Pace, UnitOfWork } from './unit-of-work.ts';

/** What the stores know of a database: nothing of which one it is. */
export interface Database {
  /** Builds queries. Stores execute them through `read` and `write`. */
  readonly builder: Kysely<Schema>;
  /** Sees every commit made before it, those of other processes included. */
  read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]>;
  /**
   * Runs a unit of work, all of it or nothing. Resolves when it is committed: from then on it survives kill -9, and a
   * loss of power too unless the address says `synchronous=normal`. Units of one turn of the event loop share a commit
   * and run in the order of their calls; where one fails, only its own caller is told so.
   * @throws DatabaseUnavailableError when the disk is full or fails, or another process wrote for more than 5 s
   * @throws DatabaseClosedError after `close`
   */
  write<Result>(unit: () => UnitOfWork<Result>, pace?: Pace): Promise<Result>;
  /** Commits what is waiting, then lets the file go. Idempotent. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** `sqlite:data/offhook.db`, perhaps with `?synchronous=normal`. Directory and file are made where missing. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * The least time from one commit to the next: under load more writes share the wait for the disk. 0 by default. A
   * `prompt` write waits for nothing but the disk, and takes along what waits.
   */
  readonly commitPauseMs?: number;
  /** Moves what was committed into the file so often, on a thread of its own; without it a writer does so at times. */
  readonly checkpointEveryMs?: number;
  /** Told of every group of writes. */
  readonly onCommit?: (report: CommitReport) => void;
}

/** A commit that held the event loop so long delays calls and SIP timers. */
const SLOW_COMMIT_MS = 100;

/**
 * Opens the database and brings its tables up to date. Several processes may open one file at once.
 * @throws DatabaseUrlError when the address cannot be understood
 * @throws DatabaseFileError when the file cannot be opened
 * @throws DatabaseTooNewError when a newer version of the program has changed the tables
 * @throws MigrationFailedError when the tables could not be brought up to date
 */
export const openDatabase = async (options: DatabaseOptions): Promise<Database> => {
  const { url, clock, log, onCommit, commitPauseMs: pauseMs = 0, checkpointEveryMs: everyMs } = options;
  const { path, synchronous } = parseDatabaseUrl(url);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const connection = openConnection({ path, synchronous });
  const builder = new Kysely<Schema>({ dialect: createSqliteDialect(connection) });
  const reportCommit = (report: CommitReport): void => {
    if (report.milliseconds >= SLOW_COMMIT_MS) log.warn(report, 'a commit held the event loop');
    onCommit?.(report);
  };
  const commits = new GroupCommit({ connection, clock, onCommit: reportCommit, pauseMs });
  try {
    await migrate(builder);
  } catch (error) {
    await builder.destroy();
    throw error;
  }
  const checkpointer = everyMs === undefined ? undefined : new Checkpointer({ path, everyMs, log });
  return new SqliteDatabase({ connection, builder, commits, checkpointer });
};

const openConnection = ({ path, synchronous }: DatabaseLocation): SqliteConnection => {
  try {
    return new SqliteConnection(path, synchronous);
  } catch (cause) {
    throw new DatabaseFileError(`The database ${path} cannot be opened.`, { cause });
  }
};

interface SqliteParts {
  readonly connection: SqliteConnection;
  readonly builder: Kysely<Schema>;
  readonly commits: GroupCommit;
  readonly checkpointer: Checkpointer | undefined;
}

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
