import type { Kysely } from 'kysely';
import { required, storedByKey, withGrowingId } from '../portable-schema.ts';

/** Phones, what they need to register with us, and where they are registered. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createSipAccounts(database);
  await createPhones(database);
  await createBindings(database);
};

/** The digests (RFC 7616 section 3.4.2) are as good as the password, so they are sealed with the key file. */
const createSipAccounts = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('sip_accounts')
    .addColumn('account', 'text', (column) => column.notNull().primaryKey())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('realm', 'text', required)
    .addColumn('ha1_md5', 'text', required)
    .addColumn('ha1_sha256', 'text', required)
    .execute();
  await database.schema.createIndex('sip_accounts_user_id').on('sip_accounts').column('user_id').execute();
};

/** `target` is a SIP account, a SIP address or a number, as `kind` says. The growing id keeps the order of adding. */
const createPhones = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('phones'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('kind', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('target', 'text', required)
    .addUniqueConstraint('phones_name', ['user_id', 'name'])
    .execute();
};

/** In the order that the registrar gave them. `flow` and `path` are JSON. */
const createBindings = async (database: Kysely<unknown>): Promise<void> => {
  const bindings = database.schema
    .createTable('bindings')
    .addColumn('account', 'text', required)
    .addColumn('position', 'integer', required)
    .addColumn('contact', 'text', required)
    .addColumn('flow', 'text', required)
    .addColumn('path', 'text', required)
    .addColumn('q', 'double precision', required)
    .addColumn('registered_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('call_id', 'text', required)
    .addColumn('cseq', 'bigint', required)
    .addColumn('user_agent', 'text')
    .addPrimaryKeyConstraint('bindings_key', ['account', 'position']);
  await storedByKey(database, bindings).execute();
  await database.schema.createIndex('bindings_expires_at').on('bindings').column('expires_at').execute();
};
