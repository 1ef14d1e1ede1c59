import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

type HashedTable = 'access_tokens' | 'refresh_tokens' | 'authorization_codes' | 'sessions';

/** The hashes of up to `limit` rows that are over. */
export const expiredHashes = (builder: Kysely<Schema>, table: HashedTable, now: number, limit: number) =>
  builder.selectFrom(table).select('hash').where('expires_at', '<=', now).orderBy('expires_at').limit(limit);
