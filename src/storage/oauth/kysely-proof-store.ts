import type { ProofStore } from '../../oauth/model/token-stores.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';
import { deleteExpiredRows } from './expired-rows.ts';

const compileInsert = ({ builder }: Database) =>
  compileOnce(({ hash, expiresAt }: { readonly hash: string; readonly expiresAt: number }) =>
    builder
      .insertInto('dpop_proofs')
      .values({ hash, expires_at: expiresAt })
      .onConflict((conflict) => conflict.column('hash').doNothing()),
  );

/** Proofs that were seen, in SQL. */
export class KyselyProofStore implements ProofStore {
  readonly #database: Database;
  readonly #insert: ReturnType<typeof compileInsert>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = compileInsert(database);
  }

  take(hash: string, expiresAt: number): Promise<'fresh' | 'seen'> {
    const query = this.#insert({ hash, expiresAt });
    return this.#database.write(function* () {
      const { changes } = yield* run(query);
      return changes === 1 ? 'fresh' : 'seen';
    });
  }

  deleteExpired(now: number): Promise<void> {
    return deleteExpiredRows(this.#database, { table: 'dpop_proofs', now });
  }
}
