import type Sqlite from 'better-sqlite3';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { QueryOutcome } from '../../unit-of-work.ts';
import { openSqlite } from './better-sqlite3.ts';
import { APPLICATION_ID, OpenFile } from './database-file.ts';
import { Lock } from './lock.ts';

const BUSY_TIMEOUT_MS = 5000;
const CACHED_STATEMENTS = 500;
/** Of 4 KiB. A connection without a `Checkpointer` stands still for it. */
const PAGES_TO_CHECKPOINT = 8000;
export const WAL_BYTES_KEPT = 64 * 1024 * 1024;

/** Rows come as arrays and get their names here: better-sqlite3 takes half as long again to name them itself. */
interface PreparedStatement {
  readonly statement: Sqlite.Statement<unknown[], unknown[]>;
  /** Of the rows that it returns; undefined where it returns none. */
  readonly columns: readonly string[] | undefined;
}

const nameColumns = (columns: readonly string[], values: readonly unknown[]): Record<string, unknown> => {
  const row: Record<string, unknown> = {};
  for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ''] = values[index];
  return row;
};

/**
 * The one connection of the process. It keeps its prepared statements by their text: to prepare takes about 20
 * microseconds, to run a prepared statement about 5.
 */
export class SqliteConnection implements DatabaseConnection {
  /**
   * Held while statements that belong together are running, and from a commit to the end of its flush; those of one turn
   * of the event loop need none.
   */
  readonly lock = new Lock();
  readonly #database: Sqlite.Database;
  readonly #file: OpenFile;
  readonly #statements = new Map<string, PreparedStatement>();

  /** Its commits write and do not flush: `LogFlush` does. SQLite waits for locks until `waitsForNoLock`. */
  constructor(path: string) {
    this.#database = openSqlite(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      this.#database.pragma('journal_mode = WAL');
      this.#database.pragma('synchronous = NORMAL');
      this.#database.pragma('foreign_keys = ON');
      // Descriptors may be at their limit when a temporary file is wanted.
      this.#database.pragma('temp_store = MEMORY');
      this.#database.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
      this.checkpointsItself(true);
      this.#file = new OpenFile(path);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Marks the file as ours, where it is not marked yet. */
  sign(): void {
    if (this.#database.pragma('application_id', { simple: true }) === APPLICATION_ID) return;
    this.#database.pragma(`application_id = ${APPLICATION_ID}`);
  }

  /** From now on a statement that finds the file locked fails at once: whoever runs it waits beside the event loop. */
  waitsForNoLock(): void {
    this.#database.pragma('busy_timeout = 0');
  }

  /** Whether commits move a log that has grown long into the file. Not while a `Checkpointer` does. */
  checkpointsItself(does: boolean): void {
    this.#database.pragma(`wal_autocheckpoint = ${does ? PAGES_TO_CHECKPOINT : 0}`);
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

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return new Promise((resolve) => {
      const { rows, changes } = this.execute(query);
      resolve({ rows: rows as Row[], numAffectedRows: BigInt(changes) });
    });
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  close(): void {
    if (!this.#database.open) return;
    this.#statements.clear();
    this.#database.close();
    this.#file.release();
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
