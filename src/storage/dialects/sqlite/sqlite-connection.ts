import { type FileHandle, open } from 'node:fs/promises';
import type Sqlite from 'better-sqlite3';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { QueryOutcome } from '../../unit-of-work.ts';
import { openSqlite } from './better-sqlite3.ts';

/** What a commit waits for: `full` for the disk, `normal` for the operating system. */
export type Synchronous = 'full' | 'normal';

const BUSY_TIMEOUT_MS = 5000;
const CACHED_STATEMENTS = 500;
/** Of 4 KiB. The `Checkpointer` comes long before; a connection without one stands still for it. */
const PAGES_TO_CHECKPOINT = 8000;
const WAL_BYTES_KEPT = 64 * 1024 * 1024;

/** Rows come as arrays and get their names here: better-sqlite3 takes half as long again to name them itself. */
interface PreparedStatement {
  readonly statement: Sqlite.Statement<unknown[], unknown[]>;
  /** Of the rows that it returns; undefined where it returns none. */
  readonly columns: readonly string[] | undefined;
}

const nameColumns = (columns: readonly string[], values: readonly unknown[]): Record<string, unknown> => {
  const row: Record<string, unknown> = {};
  columns.forEach((name, index) => (row[name] = values[index]));
  return row;
};

/** Lets one holder in at a time, first come first served. */
class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  get held(): boolean {
    return this.#held;
  }

  async acquire(): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }
}

/**
 * The write-ahead log of a database, to wait for the disk without standing still: SQLite itself would hold the event loop
 * for it at each commit. Its commits only write (`synchronous=NORMAL`); a commit that must survive a loss of power waits
 * for `flush`, as SQLite would under `synchronous=FULL`. Frames are written in their order, and SQLite waits for the disk
 * itself before it moves them on (https://www.sqlite.org/wal.html, "Performance Considerations").
 */
class WriteAheadLog {
  readonly #path: string;
  #file: Promise<FileHandle> | undefined;

  /** @param databasePath - SQLite keeps the log beside the database while a connection is open */
  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`;
  }

  /** Resolves when all that was committed before is on the disk. */
  async flush(): Promise<void> {
    this.#file ??= open(this.#path, 'r+');
    await (await this.#file).datasync();
  }

  async close(): Promise<void> {
    await (await this.#file)?.close();
  }
}

/**
 * The one connection of the process. It keeps its prepared statements by their text: to prepare takes about 20
 * microseconds, to run a prepared statement about 5.
 */
export class SqliteConnection implements DatabaseConnection {
  /** Held while statements that belong together are running; those of one turn of the event loop need none. */
  readonly lock = new Lock();
  readonly #database: Sqlite.Database;
  readonly #log: WriteAheadLog | undefined;
  readonly #statements = new Map<string, PreparedStatement>();

  /**
   * `full` survives a loss of power, `normal` only the death of the process: its last commits may be missing after a loss
   * of power, though the file stays sound.
   */
  constructor(path: string, synchronous: Synchronous) {
    this.#database = openSqlite(path, { timeout: BUSY_TIMEOUT_MS });
    this.#database.pragma('journal_mode = WAL');
    // Under `full` the log is flushed by `persist`.
    this.#database.pragma('synchronous = NORMAL');
    this.#log = synchronous === 'full' ? new WriteAheadLog(path) : undefined;
    this.#database.pragma('foreign_keys = ON');
    this.#database.pragma(`wal_autocheckpoint = ${PAGES_TO_CHECKPOINT}`);
    this.#database.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  execute(query: CompiledQuery): QueryOutcome<unknown> {
    const { statement, columns } = this.#prepare(query.sql);
    if (columns === undefined) return { rows: [], changes: statement.run(...query.parameters).changes };
    const rows = statement.all(...query.parameters).map((values) => nameColumns(columns, values));
    return { rows, changes: statement.readonly ? 0 : rows.length };
  }

  /** Runs a statement without parameters or rows, such as `begin`. */
  command(sql: string): void {
    this.#prepare(sql).statement.run();
  }

  /** Resolves when what was committed is as safe as was asked for; the event loop goes on meanwhile. */
  async persist(): Promise<void> {
    await this.#log?.flush();
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return new Promise((resolve) => {
      const { rows, changes } = this.execute(query);
      resolve({ rows: rows as Row[], numAffectedRows: BigInt(changes) });
    });
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  async close(): Promise<void> {
    this.#statements.clear();
    await this.#log?.close();
    this.#database.close();
  }

  #prepare(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<unknown[], unknown[]>(sql);
    const columns = statement.reader ? statement.raw().columns() : undefined;
    const prepared = { statement, columns: columns?.map(({ name }) => name) };
    if (this.#statements.size >= CACHED_STATEMENTS) this.#forgetOldest();
    this.#statements.set(sql, prepared);
    return prepared;
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined) this.#statements.delete(oldest);
  }
}
