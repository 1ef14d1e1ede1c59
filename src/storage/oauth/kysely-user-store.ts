import type { Kysely } from 'kysely';
import type { AccountStatus, DeletedWithUser, User, UserStore } from '../../oauth/model/account-stores.ts';
import { usernameAsWritten, usernameKey } from '../../oauth/model/username.ts';
import type { Database } from '../database.ts';
import type { Schema } from '../schema.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { fromUser, toUser, userColumns } from './oauth-rows.ts';
import { revokeGrants } from './token-writes.ts';
import { deleteUser } from './user-deletion.ts';

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
    const written = usernameAsWritten(username);
    const query = this.#users()
      .where((user) => user.or([user('username', '=', written), user('name_key', '=', usernameKey(username))]))
      .orderBy((user) => user('username', '=', written), 'desc')
      .limit(1);
    const [row] = await this.#database.read(query.compile());
    return row && toUser(row);
  }

  async list(): Promise<readonly User[]> {
    const rows = await this.#database.read(this.#users().orderBy('username').compile());
    return rows.map(toUser);
  }

  insert(user: User): Promise<'inserted' | 'taken'> {
    const query = this.#database.builder
      .insertInto('users')
      .values({ ...fromUser(user), name_key: usernameKey(user.username) })
      .onConflict((conflict) => conflict.doNothing())
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

  delete(id: string): Promise<DeletedWithUser | undefined> {
    return this.#database.write(() => deleteUser(this.#database.builder, id));
  }

  #users() {
    return this.#database.builder.selectFrom('users').select(userColumns);
  }
}

/** Deletes all that was given under the old password, or while the account was active. */
function* endEverythingOf(builder: Kysely<Schema>, userId: string): UnitOfWork<void> {
  yield* run(builder.deleteFrom('sessions').where('user_id', '=', userId).compile());
  yield* run(builder.deleteFrom('pending_decisions').where('user_id', '=', userId).compile());
  yield* run(builder.deleteFrom('kept_replies').where('user_id', '=', userId).compile());
  yield* revokeGrants(builder, { userId });
}
