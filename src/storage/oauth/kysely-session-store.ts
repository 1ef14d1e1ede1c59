import type { Session, SessionStore } from '../../oauth/model/account-stores.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';
import { deleteExpiredRows } from './expired-rows.ts';

const sessionColumns = ['hash', 'user_id as userId', 'data', 'expires_at as expiresAt'] as const;

const compileFind = ({ builder }: Database) =>
  compileOnce(({ hash, now }: { readonly hash: string; readonly now: number }) =>
    builder.selectFrom('sessions').select(sessionColumns).where('hash', '=', hash).where('expires_at', '>', now),
  );

/** Browser sessions in SQL. */
export class KyselySessionStore implements SessionStore {
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
      yield* run(builder.deleteFrom('kept_replies').where('session_hash', '=', hash).compile());
      yield* run(builder.deleteFrom('sessions').where('hash', '=', hash).compile());
    });
  }

  listOf(userId: string, now: number): Promise<readonly Session[]> {
    // Each use moves the end of a session on: what ends last was used last.
    const query = this.#database.builder
      .selectFrom('sessions')
      .select(sessionColumns)
      .where('user_id', '=', userId)
      .where('expires_at', '>', now)
      .orderBy('expires_at', 'desc')
      .orderBy('hash');
    return this.#database.read(query.compile());
  }

  deleteOthers(userId: string, exceptHash: string): Promise<void> {
    const { builder } = this.#database;
    const others = builder.selectFrom('sessions').select('hash').where('user_id', '=', userId);
    const hashes = others.where('hash', '<>', exceptHash);
    return this.#database.write(function* () {
      yield* run(builder.deleteFrom('pending_decisions').where('session_hash', 'in', hashes).compile());
      yield* run(builder.deleteFrom('kept_replies').where('session_hash', 'in', hashes).compile());
      yield* run(builder.deleteFrom('sessions').where('hash', 'in', hashes).compile());
    });
  }

  deleteExpired(now: number): Promise<void> {
    return deleteExpiredRows(this.#database, { table: 'sessions', now });
  }
}
