import type { LoginAddressStore } from '../../oauth/model/account-stores.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run } from '../unit-of-work.ts';

const keyColumns = ['user_id', 'address'] as const;

/** The addresses that users logged in from before, in SQL. */
export class KyselyLoginAddressStore implements LoginAddressStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async isKnown(userId: string, address: string): Promise<boolean> {
    const query = this.#database.builder
      .selectFrom('login_addresses')
      .select('last_login_at')
      .where('user_id', '=', userId)
      .where('address', '=', address);
    const rows = await this.#database.read(query.compile());
    return rows.length > 0;
  }

  async remember(userId: string, address: string, at: number): Promise<void> {
    const query = this.#database.builder
      .insertInto('login_addresses')
      .values({ user_id: userId, address, last_login_at: at })
      .onConflict((conflict) => conflict.columns(keyColumns).doUpdateSet({ last_login_at: at }));
    await this.#database.write(() => run(query.compile()));
  }

  deleteBefore(time: number): Promise<void> {
    const { builder } = this.#database;
    const old = builder.selectFrom('login_addresses').select(keyColumns).where('last_login_at', '<', time);
    return deleteInSteps(this.#database, (limit) => {
      const step = old.limit(limit).$asTuple(...keyColumns);
      const deletion = builder.deleteFrom('login_addresses');
      return run(deletion.where((row) => row(row.refTuple(...keyColumns), 'in', step)).compile());
    });
  }
}
