import { type Kysely, sql } from 'kysely';
import { required, storedByKey, withRisingId } from '../portable-schema.ts';

/** Devices that wait for a person, keys that sign, who may register clients, proofs that were seen, and the audit log. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createDeviceGrants(database);
  await createSigningKeys(database);
  await createRegistrationTokens(database);
  await createDpopProofs(database);
  await createAuditEvents(database);
};

/** `family_id` is no reference: the family starts at a poll after the approval. `user_id` is who approved. */
const createDeviceGrants = async (database: Kysely<unknown>): Promise<void> => {
  const grants = database.schema
    .createTable('device_grants')
    .addColumn('device_code_hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('user_code_hash', 'text', required)
    .addColumn('family_id', 'text', required)
    .addColumn('client_id', 'text', (column) => column.notNull().references('clients.id').onDelete('cascade'))
    .addColumn('scopes', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('interval_seconds', 'integer', required)
    .addColumn('last_polled_at', 'bigint')
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required);
  await storedByKey(database, grants).execute();
  // A user code is short, and comes again once it was answered: it names one grant among those that are pending.
  await database.schema
    .createIndex('device_grants_pending')
    .unique()
    .on('device_grants')
    .column('user_code_hash')
    .where(sql.ref('state'), '=', 'pending')
    .execute();
  for (const column of ['client_id', 'user_id', 'expires_at']) {
    await database.schema.createIndex(`device_grants_${column}`).on('device_grants').column(column).execute();
  }
};

/** `id` is the `kid`. The private JWK is as good as every token, so it is sealed with the key file. */
const createSigningKeys = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('signing_keys')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('sealed_private_jwk', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
};

const createRegistrationTokens = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('registration_tokens')
    .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text', required)
    .addColumn('created_by', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .execute();
};

const createDpopProofs = async (database: Kysely<unknown>): Promise<void> => {
  const proofs = database.schema
    .createTable('dpop_proofs')
    .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('expires_at', 'bigint', required);
  await storedByKey(database, proofs).execute();
  await database.schema.createIndex('dpop_proofs_expires_at').on('dpop_proofs').column('expires_at').execute();
};

/** It refers to nothing: what happened stays known when the user or the client is gone. */
const createAuditEvents = async (database: Kysely<unknown>): Promise<void> => {
  await withRisingId(database, database.schema.createTable('audit_events'))
    .addColumn('event', 'text', required)
    .addColumn('at', 'bigint', required)
    .addColumn('user_id', 'text')
    .addColumn('client_id', 'text')
    .addColumn('address', 'text')
    .addColumn('detail', 'text')
    .execute();
  await database.schema
    .createIndex('audit_events_user_id')
    .on('audit_events')
    .columns(['user_id', 'id'])
    .where(sql.ref('user_id'), 'is not', null)
    .execute();
};
