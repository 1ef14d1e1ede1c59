import type { Kysely } from 'kysely';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import type { Schema } from '../schema.ts';
import { run } from '../unit-of-work.ts';

/** The tables whose key is a hash, and whose rows end at a time. */
type HashedTable =
  'access_tokens' | 'refresh_tokens' | 'refresh_answers' | 'sessions' | 'registration_tokens' | 'dpop_proofs';

interface Expired {
  readonly table: HashedTable;
  readonly now: number;
  readonly limit: number;
}

/** The hashes of up to `limit` rows that have expired. */
export const expiredHashes = (builder: Kysely<Schema>, { table, now, limit }: Expired) =>
  builder.selectFrom(table).select('hash').where('expires_at', '<=', now).orderBy('expires_at').limit(limit);

/** Deletes the rows that have expired. */
export const deleteExpiredRows = (database: Database, { table, now }: Omit<Expired, 'limit'>): Promise<void> => {
  const { builder } = database;
  return deleteInSteps(database, (limit) =>
    run(builder.deleteFrom(table).where('hash', 'in', expiredHashes(builder, { table, now, limit })).compile()),
  );
};
