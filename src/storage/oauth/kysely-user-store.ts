import type { Kysely } from 'kysely';
import type { AccountStatus, User, UserStore } from '../../oauth/model/account-stores.ts';
import type { Database } from '../database.ts';
import type { Schema } from '../schema.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { fromUser, toUser, userColumns } from './oauth-rows.ts';
import { revokeGrants } from './token-writes.ts';

/** Accounts in SQL. */
export class KyselyUserStore implements UserStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<User | undefined> {
    const [row] = await this.#database.read(this.#users().where('id', '=', id).compile());
    return row && toUser(row);
  }

  async findByUsername(username: string): Promise<User | undefined> {
    const [row] = await this.#database.read(this.#users().where('username', '=', username).compile());
    return row && toUser(row);
  }

  async list(): Promise<readonly User[]> {
    const rows = await this.#database.read(this.#users().orderBy('username').compile());
    return rows.map(toUser);
  }

  insert(user: User): Promise<'inserted' | 'taken'> {
    const query = this.#database.builder
      .insertInto('users')
      .values(fromUser(user))
      .onConflict((conflict) => conflict.column('username').doNothing())
      .compile();
    return this.#database.write(function* () {
      const { changes } = yield* run(query);
      return changes === 1 ? 'inserted' : 'taken';
    });
  }

  changePassword(id: string, passwordHash: string): Promise<void> {
    const { builder } = this.#database;
    return this.#database.write(function* () {
      yield* run(builder.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', id).compile());
      yield* endEverythingOf(builder, id);
    });
  }

  setStatus(id: string, status: AccountStatus): Promise<void> {
    const { builder } = this.#database;
    return this.#database.write(function* () {
      yield* run(builder.updateTable('users').set({ status }).where('id', '=', id).compile());
      yield* run(builder.updateTable('clients').set({ status }).where('owner_id', '=', id).compile());
      if (status === 'disabled') yield* endEverythingOf(builder, id);
    });
  }

  #users() {
    return this.#database.builder.selectFrom('users').select(userColumns);
  }
}

/** Deletes all that was given under the old password, or while the account was active. */
function* endEverythingOf(builder: Kysely<Schema>, userId: string): UnitOfWork<void> {
  yield* run(builder.deleteFrom('sessions').where('user_id', '=', userId).compile());
  yield* run(builder.deleteFrom('pending_decisions').where('user_id', '=', userId).compile());
  yield* revokeGrants(builder, { userId });
}
