import type { Kysely } from 'kysely';
import type { IdempotencyRecord } from '../../calls/call-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

/** A key belongs to the user and client that sent it: another user or client may use the same. */
type KeyOwner = Pick<IdempotencyRecord, 'key' | 'userId' | 'clientId'>;

export const compileIdempotencyQueries = (database: Kysely<Schema>) => ({
  /** Takes the key unless another call holds it: returns a row only where it was taken. */
  takeKey: compileOnce((record: IdempotencyRecord & { readonly now: number; readonly expiresAt: number }) =>
    database
      .insertInto('idempotency_keys')
      .values({
        user_id: record.userId,
        client_id: record.clientId,
        key: record.key,
        fingerprint: record.fingerprint,
        token_call: record.tokenCall,
        expires_at: record.expiresAt,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'client_id', 'key'])
          .doUpdateSet((row) => ({
            fingerprint: row.ref('excluded.fingerprint'),
            token_call: row.ref('excluded.token_call'),
            expires_at: row.ref('excluded.expires_at'),
          }))
          .where('idempotency_keys.expires_at', '<=', record.now),
      )
      .returning('key'),
  ),

  /** Gives the key up, where it leads to that call. */
  forgetKey: compileOnce((record: IdempotencyRecord) =>
    database
      .deleteFrom('idempotency_keys')
      .where('user_id', '=', record.userId)
      .where('client_id', '=', record.clientId)
      .where('key', '=', record.key)
      .where('token_call', '=', record.tokenCall),
  ),

  heldKey: compileOnce((owner: KeyOwner & { readonly now: number }) =>
    database
      .selectFrom('idempotency_keys')
      .select(['key', 'user_id as userId', 'client_id as clientId', 'fingerprint', 'token_call as tokenCall'])
      .where('user_id', '=', owner.userId)
      .where('client_id', '=', owner.clientId)
      .where('key', '=', owner.key)
      .where('expires_at', '>', owner.now),
  ),
});

/** Deletes up to `limit` idempotency keys whose day is over. */
export const expiredKeys = (
  database: Kysely<Schema>,
  { now, limit }: { readonly now: number; readonly limit: number },
) =>
  database
    .deleteFrom('idempotency_keys')
    .where((row) =>
      row(
        row.refTuple('user_id', 'client_id', 'key'),
        'in',
        row
          .selectFrom('idempotency_keys')
          .select(['user_id', 'client_id', 'key'])
          .where('expires_at', '<=', now)
          .limit(limit)
          .$asTuple('user_id', 'client_id', 'key'),
      ),
    );
