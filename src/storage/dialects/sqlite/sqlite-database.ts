import { type CompiledQuery, type Kysely, sql } from 'kysely';
import type { MonotonicClock } from '../../../shared/clock.ts';
import type { Database, DatabaseHealth } from '../../database.ts';
import { DatabaseUnavailableError } from '../../errors.ts';
import type { Schema } from '../../schema.ts';
import { type Pace, run, type UnitOfWork } from '../../unit-of-work.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import type { LogFlush } from './log-flush.ts';
import type { ServingHealth } from './serving-health.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { isLocked, reasonOf } from './sqlite-failure.ts';
import { LOCK_WAIT_MS, lockBackoff, sleep } from './waiting.ts';

export interface SqliteParts {
  readonly connection: SqliteConnection;
  readonly builder: Kysely<Schema>;
  readonly flush: LogFlush;
  readonly commits: GroupCommit;
  readonly health: DatabaseHealth;
  /** What only a process that serves has. */
  readonly serving?: {
    readonly clock: MonotonicClock;
    readonly health: ServingHealth;
    readonly checkpointer: Checkpointer | undefined;
  };
}

/** The `Database` of one file: reads see the last commit, writes share one. */
export class SqliteDatabase implements Database {
  readonly builder: Kysely<Schema>;
  readonly health: DatabaseHealth;
  readonly #parts: SqliteParts;
  #closing: Promise<void> | undefined;

  constructor(parts: SqliteParts) {
    this.builder = parts.builder;
    this.health = parts.health;
    this.#parts = parts;
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]> {
    try {
      return await this.#rows(query);
    } catch (error) {
      if (this.#parts.serving === undefined || !isLocked(error)) throw readFailure(error);
      return this.#readLater(query, this.#parts.serving.clock);
    }
  }

  write<Result>(unit: () => UnitOfWork<Result>, pace?: Pace): Promise<Result> {
    return this.#parts.commits.write(unit, pace);
  }

  hurry(): void {
    this.#parts.commits.hurry();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The lock is held while a commit is not flushed. */
  async #rows<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]> {
    const { connection } = this.#parts;
    const { lock } = connection;
    if (!lock.held) return connection.execute(query).rows as Row[];
    await lock.acquire();
    try {
      return connection.execute(query).rows as Row[];
    } finally {
      lock.release();
    }
  }

  /** Another program recovers the file, or closes it: moments, unless it was stopped there. */
  async #readLater<Row>(query: CompiledQuery<Row>, clock: MonotonicClock): Promise<readonly Row[]> {
    const backoff = lockBackoff();
    for (const until = clock.elapsed() + LOCK_WAIT_MS; ;) {
      await sleep(clock, backoff.next());
      try {
        return await this.#rows(query);
      } catch (error) {
        if (!isLocked(error) || clock.elapsed() >= until) throw readFailure(error);
      }
    }
  }

  /** The thread's connection closes last: SQLite's last checkpoint runs there, and not on the event loop. */
  async #close(): Promise<void> {
    const { commits, flush, builder, serving } = this.#parts;
    serving?.health.close();
    await commits.close();
    await flush.close();
    await builder.destroy();
    await serving?.checkpointer?.close();
  }
}

const readFailure = (cause: unknown): unknown => {
  const reason = reasonOf(cause);
  return reason === undefined ? cause : new DatabaseUnavailableError(reason, { cause, attempt: 'read' });
};

/**
 * A write as large as those of a busy moment: a smaller one may find the last room of a full disk. Its text is another one
 * each time, since SQLite does not write a page that stays the same.
 */
export const probe = (builder: Kysely<Schema>): UnitOfWork<unknown> =>
  run(
    sql`insert into facts (name, value) values ('probe', hex(randomblob(32768)))
        on conflict (name) do update set value = excluded.value`.compile(builder),
  );
