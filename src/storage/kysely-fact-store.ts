import type { Database } from './database.ts';
import { run, type UnitOfWork } from './unit-of-work.ts';

type FactName =
  /** Which key the database was sealed with, and the absolute path of the file that it was last read from. */
  | 'secret_fingerprint'
  | 'secret_path'
  /** The epoch of the feed, and the file that it was begun in. */
  | 'feed_epoch'
  | 'feed_file'
  /** How the process that serves the database is reached, while one does. */
  | 'service_addresses'
  /** The newest row of the feed that retention has deleted. */
  | 'feed_deleted_through'
  /** Where the reader that makes deliveries of webhooks is in the feed. */
  | 'webhook_cursor';

/** What is true of the database as a whole, in SQL. */
export class KyselyFactStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(name: FactName): Promise<string | undefined> {
    const [row] = await this.#database.read(this.#select(name));
    return row?.value;
  }

  /** As `find`, within a unit of work: what is decided by it holds until the commit. */
  *look(name: FactName): UnitOfWork<string | undefined> {
    const { rows } = yield* run(this.#select(name));
    return rows[0]?.value;
  }

  /** Within a unit of work, says anew what is true. */
  *save(name: FactName, value: string): UnitOfWork<void> {
    const insertion = this.#database.builder.insertInto('facts').values({ name, value });
    yield* run(insertion.onConflict((conflict) => conflict.column('name').doUpdateSet({ value })).compile());
  }

  /** Within a unit of work, says that it is true no more. */
  *forget(name: FactName): UnitOfWork<void> {
    yield* run(this.#database.builder.deleteFrom('facts').where('name', '=', name).compile());
  }

  #select(name: FactName) {
    return this.#database.builder.selectFrom('facts').select('value').where('name', '=', name).compile();
  }
}
