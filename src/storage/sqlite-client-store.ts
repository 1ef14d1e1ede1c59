import type { Client, ClientStore } from '../oauth/account-stores.ts';
import type { Database } from './database.ts';
import { fromClient, toClient } from './oauth-rows.ts';
import { revokeGrants } from './token-writes.ts';
import { run } from './unit-of-work.ts';

/** Registered applications in SQL. */
export class SqliteClientStore implements ClientStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<Client | undefined> {
    const query = this.#database.builder.selectFrom('clients').selectAll().where('id', '=', id);
    const [row] = await this.#database.read(query.compile());
    return row && toClient(row);
  }

  async list(): Promise<readonly Client[]> {
    const query = this.#database.builder.selectFrom('clients').selectAll().orderBy('id');
    const rows = await this.#database.read(query.compile());
    return rows.map(toClient);
  }

  insert(client: Client): Promise<'inserted' | 'taken'> {
    const query = this.#database.builder
      .insertInto('clients')
      .values(fromClient(client))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .compile();
    return this.#database.write(function* () {
      const { changes } = yield* run(query);
      return changes === 1 ? 'inserted' : 'taken';
    });
  }

  async save(client: Client): Promise<void> {
    const { id, ...changes } = fromClient(client);
    const query = this.#database.builder
      .insertInto('clients')
      .values({ id, ...changes })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
      .compile();
    await this.#database.write(() => run(query));
  }

  rotateSecret(id: string, secretHash: string): Promise<void> {
    const { builder } = this.#database;
    return this.#database.write(function* () {
      yield* run(builder.updateTable('clients').set({ secret_hash: secretHash }).where('id', '=', id).compile());
      yield* revokeGrants(builder, { clientId: id });
    });
  }
}
