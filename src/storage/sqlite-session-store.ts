import type { Session, SessionStore } from '../oauth/session-stores.ts';
import { compileOnce } from './compile-once.ts';
import type { Database } from './database.ts';
import { deleteInSteps } from './delete-in-steps.ts';
import { expiredHashes } from './expired-rows.ts';
import { run } from './unit-of-work.ts';

const compileFind = ({ builder }: Database) =>
  compileOnce(({ hash, now }: { readonly hash: string; readonly now: number }) =>
    builder
      .selectFrom('sessions')
      .select(['hash', 'user_id as userId', 'data', 'expires_at as expiresAt'])
      .where('hash', '=', hash)
      .where('expires_at', '>', now),
  );

/** Browser sessions in SQL. */
export class SqliteSessionStore implements SessionStore {
  readonly #database: Database;
  readonly #find: ReturnType<typeof compileFind>;

  constructor(database: Database) {
    this.#database = database;
    this.#find = compileFind(database);
  }

  async find(hash: string, now: number): Promise<Session | undefined> {
    const [session] = await this.#database.read(this.#find({ hash, now }));
    return session;
  }

  async save({ hash, userId, data, expiresAt }: Session): Promise<void> {
    const latest = { user_id: userId, data, expires_at: expiresAt };
    const query = this.#database.builder
      .insertInto('sessions')
      .values({ hash, ...latest })
      .onConflict((conflict) => conflict.column('hash').doUpdateSet(latest));
    await this.#database.write(() => run(query.compile()));
  }

  async touch(hash: string, expiresAt: number): Promise<void> {
    const query = this.#database.builder
      .updateTable('sessions')
      .set({ expires_at: expiresAt })
      .where('hash', '=', hash);
    await this.#database.write(() => run(query.compile()));
  }

  delete(hash: string): Promise<void> {
    const { builder } = this.#database;
    return this.#database.write(function* () {
      yield* run(builder.deleteFrom('pending_decisions').where('session_hash', '=', hash).compile());
      yield* run(builder.deleteFrom('sessions').where('hash', '=', hash).compile());
    });
  }

  deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    return deleteInSteps(this.#database, (limit) =>
      run(
        builder
          .deleteFrom('sessions')
          .where('hash', 'in', expiredHashes(builder, 'sessions', now, limit))
          .compile(),
      ),
    );
  }
}
