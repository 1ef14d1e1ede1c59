import type { NodeStore } from '../../calls/ownership/node-store.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';

/** The nodes in SQL. */
export class KyselyNodeStore implements NodeStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(nodeId: string, at: number): Promise<void> {
    const row = { id: nodeId, started_at: at, seen_at: at, beat: 0 };
    const query = this.#database.builder.insertInto('nodes').values(row);
    await this.#database.write(() => run(query.compile()));
  }

  async beat(nodeId: string, at: number): Promise<void> {
    const query = this.#database.builder
      .updateTable('nodes')
      .set((row) => ({ seen_at: at, beat: row('beat', '+', 1) }))
      .where('id', '=', nodeId);
    await this.#database.write(() => run(query.compile()), 'in-company');
  }

  async forgetOthers(nodeId: string): Promise<void> {
    const query = this.#database.builder.deleteFrom('nodes').where('id', '<>', nodeId);
    await this.#database.write(() => run(query.compile()));
  }
}
