import { type Kysely, sql } from 'kysely';
import { required, storedByKey, withGrowingId } from '../portable-schema.ts';

/**
 * The journal. It refers to users and clients by name only: it outlives them. Legs and events hang on a growing number,
 * not on the random token, so that a new call writes to the end of three tables instead of all over them.
 */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createCalls(database);
  await createLegs(database);
  await createEvents(database);
  await createIdempotencyKeys(database);
};

const createCalls = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('calls'))
    .addColumn('token_call', 'text', (column) => column.notNull().unique())
    .addColumn('user_id', 'text', required)
    .addColumn('username', 'text', required)
    .addColumn('client_id', 'text', required)
    .addColumn('number', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('outcome', 'text')
    .addColumn('ended_by', 'text')
    .addColumn('ended_leg', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('answered_at', 'bigint')
    .addColumn('connected_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .execute();
  // Holds what is ongoing and nothing else: a user's calls are found at the same cost whatever others do.
  await database.schema
    .createIndex('calls_ongoing')
    .on('calls')
    .columns(['user_id', 'created_at', 'id'])
    .where(sql.ref('state'), '<>', 'ended')
    .execute();
};

const createLegs = async (database: Kysely<unknown>): Promise<void> => {
  const legs = database.schema
    .createTable('legs')
    .addColumn('call_id', 'bigint', (column) => column.notNull().references('calls.id').onDelete('cascade'))
    .addColumn('role', 'text', required)
    .addColumn('address', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('sip_status', 'integer')
    .addColumn('q850_cause', 'integer')
    .addColumn('reason', 'text')
    .addColumn('ringing_at', 'bigint')
    .addColumn('answered_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addPrimaryKeyConstraint('legs_key', ['call_id', 'role']);
  await storedByKey(database, legs).execute();
  await database.schema
    .createIndex('legs_unfinished')
    .on('legs')
    .column('call_id')
    .where(sql.ref('state'), '<>', 'ended')
    .execute();
};

const createEvents = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('call_events'))
    .addColumn('call_id', 'bigint', (column) => column.notNull().references('calls.id').onDelete('cascade'))
    .addColumn('sequence', 'integer', required)
    .addColumn('name', 'text', required)
    .addColumn('at', 'bigint', required)
    .addColumn('payload', 'text', required)
    .addUniqueConstraint('call_events_sequence', ['call_id', 'sequence'])
    .execute();
};

const createIdempotencyKeys = async (database: Kysely<unknown>): Promise<void> => {
  const keys = database.schema
    .createTable('idempotency_keys')
    .addColumn('user_id', 'text', required)
    .addColumn('client_id', 'text', required)
    .addColumn('key', 'text', required)
    .addColumn('fingerprint', 'text', required)
    .addColumn('token_call', 'text', required)
    .addColumn('expires_at', 'bigint', required)
    .addPrimaryKeyConstraint('idempotency_keys_key', ['user_id', 'client_id', 'key']);
  await storedByKey(database, keys).execute();
  await database.schema.createIndex('idempotency_keys_expiry').on('idempotency_keys').column('expires_at').execute();
};
