import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, type CompiledQuery } from 'kysely';
import type { Clock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { DatabaseLocation } from '../../database-url.ts';
import { DatabaseFileError, SqliteMissingError } from '../../errors.ts';
import { migrate } from '../../migrate.ts';
import type { Schema } from '../../schema.ts';
import type { Pace, UnitOfWork } from '../../unit-of-work.ts';
import { Checkpointer } from './checkpointer.ts';
import { GroupCommit, type CommitReport } from './group-commit.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import { createSqliteDialect } from './sqlite-dialect.ts';

/** See `DatabaseOptions`. */
export interface SqliteDatabaseOptions extends DatabaseLocation {
  readonly clock: Clock;
  readonly log: Log;
  readonly commitPauseMs?: number;
  readonly checkpointEveryMs?: number;
  readonly onCommit?: (report: CommitReport) => void;
}

/** A commit that held the event loop so long delays calls and SIP timers. */
const SLOW_COMMIT_MS = 100;

/** Makes directory and file where they are missing, and brings the tables up to date. */
export const openSqliteDatabase = async (options: SqliteDatabaseOptions): Promise<SqliteDatabase> => {
  const { path, synchronous, clock, log, onCommit, commitPauseMs: pauseMs = 0, checkpointEveryMs: everyMs } = options;
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
    if (cause instanceof SqliteMissingError) throw cause;
    throw new DatabaseFileError(`The database ${path} cannot be opened.`, { cause });
  }
};

interface SqliteParts {
  readonly connection: SqliteConnection;
  readonly builder: Kysely<Schema>;
  readonly commits: GroupCommit;
  readonly checkpointer: Checkpointer | undefined;
}

/** The `Database` of one file: reads see the last commit, writes share one. */
export class SqliteDatabase {
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
