import type { Kysely } from 'kysely';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import type { Schema } from '../schema.ts';
import { run } from '../unit-of-work.ts';

/** The tables whose key is a hash, and whose rows end at a time. */
type HashedTable = 'access_tokens' | 'refresh_tokens' | 'sessions' | 'registration_tokens' | 'dpop_proofs';

/** The hashes of up to `limit` rows that are over. */
export const expiredHashes = (builder: Kysely<Schema>, table: HashedTable, now: number, limit: number) =>
  builder.selectFrom(table).select('hash').where('expires_at', '<=', now).orderBy('expires_at').limit(limit);

/** Deletes the rows that are over, whatever hangs on them. */
export const deleteExpiredRows = (database: Database, table: HashedTable, now: number): Promise<void> => {
  const { builder } = database;
  return deleteInSteps(database, (limit) =>
    run(
      builder
        .deleteFrom(table)
        .where('hash', 'in', expiredHashes(builder, table, now, limit))
        .compile(),
    ),
  );
};
