import type { RegistrationToken, RegistrationTokenStore } from '../../oauth/model/account-stores.ts';
import type { Database } from '../database.ts';
import type { SandboxAccounts } from '../sandbox-accounts.ts';
import { run } from '../unit-of-work.ts';
import { deleteExpiredRows } from './expired-rows.ts';

/** Tokens that let programs register clients, in SQL. */
export class KyselyRegistrationTokenStore implements RegistrationTokenStore {
  readonly #database: Database;
  readonly #sandboxAccounts: SandboxAccounts;

  constructor(database: Database, sandboxAccounts: SandboxAccounts) {
    this.#database = database;
    this.#sandboxAccounts = sandboxAccounts;
  }

  async insert({ hash, name, createdBy, createdAt, expiresAt }: RegistrationToken): Promise<void> {
    const row = { hash, name, created_by: createdBy, created_at: createdAt, expires_at: expiresAt };
    const query = this.#database.builder.insertInto('registration_tokens').values(row);
    await this.#database.write(() => run(query.compile()));
  }

  async find(hash: string, now: number): Promise<RegistrationToken | undefined> {
    const query = this.#living(now)
      .innerJoin('users', 'users.id', 'token.created_by')
      .where('token.hash', '=', hash)
      .where('users.status', '=', 'active')
      .where('users.role', '=', 'admin')
      .where('users.sandbox', '<=', this.#sandboxAccounts === 'accepted' ? 1 : 0);
    const [token] = await this.#database.read(query.compile());
    return token;
  }

  list(now: number): Promise<readonly RegistrationToken[]> {
    const query = this.#living(now).orderBy('token.created_at', 'desc').orderBy('token.hash');
    return this.#database.read(query.compile());
  }

  async delete(hash: string): Promise<void> {
    const query = this.#database.builder.deleteFrom('registration_tokens').where('hash', '=', hash);
    await this.#database.write(() => run(query.compile()));
  }

  deleteExpired(now: number): Promise<void> {
    return deleteExpiredRows(this.#database, { table: 'registration_tokens', now });
  }

  #living(now: number) {
    return this.#database.builder
      .selectFrom('registration_tokens as token')
      .select(['token.hash', 'token.name', 'token.created_by as createdBy'])
      .select(['token.created_at as createdAt', 'token.expires_at as expiresAt'])
      .where('token.expires_at', '>', now);
  }
}
