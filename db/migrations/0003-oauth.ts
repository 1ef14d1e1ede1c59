import { type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely';
import { required, storedByKey } from '../portable-schema.ts';

/**
 * What the authorization server remembers. A family is one decision of an owner: its tokens go with it. The tables keyed
 * by a hash are found by one search, since every call of the API checks a token.
 */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createClients(database);
  await createFamilies(database);
  await createAccessTokens(database);
  await createRefreshTokens(database);
  await createCodes(database);
  await createRememberedGrants(database);
  await createSessions(database);
  await createPendingDecisions(database);
  await createLoginAddresses(database);
};

const hashKey = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();

const ofUser = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('users.id').onDelete('cascade');

const ofClient = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('clients.id').onDelete('cascade');

const ofFamily = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('token_families.id').onDelete('cascade');

const indexOn = async (database: Kysely<unknown>, table: string, columns: readonly string[]): Promise<void> => {
  const name = `${table}_${columns.join('_')}`;
  await database.schema
    .createIndex(name)
    .on(table)
    .columns([...columns])
    .execute();
};

const createClients = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('clients')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text', required)
    .addColumn('secret_hash', 'text')
    .addColumn('redirect_uris', 'text', required)
    .addColumn('response_types', 'text', required)
    .addColumn('grant_types', 'text', required)
    .addColumn('grant_types_by_get', 'text', required)
    .addColumn('scopes', 'text', required)
    .addColumn('default_scopes', 'text', required)
    .addColumn('access_token_seconds', 'integer', required)
    .addColumn('refresh_idle_seconds', 'integer', required)
    .addColumn('refresh_absolute_seconds', 'integer', required)
    .addColumn('token_in_query', 'text', required)
    .addColumn('code_challenge', 'text', required)
    .addColumn('token_format', 'text', required)
    .addColumn('token_binding', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('owner_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('status', 'text', required)
    .addColumn('sandbox', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
  await indexOn(database, 'clients', ['owner_id']);
  await database.schema
    .createIndex('clients_key_pair')
    .unique()
    .on('clients')
    .column('owner_id')
    .where(sql.ref('kind'), '=', 'key-pair')
    .execute();
};

const createFamilies = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('token_families')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('client_id', 'text', ofClient)
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('scopes', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('last_used_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .execute();
  // What stands for a client itself has no user, and is only found by its client.
  await database.schema
    .createIndex('token_families_user_id_client_id')
    .on('token_families')
    .columns(['user_id', 'client_id'])
    .where(sql.ref('user_id'), 'is not', null)
    .execute();
  await indexOn(database, 'token_families', ['client_id']);
  await indexOn(database, 'token_families', ['expires_at']);
};

const createAccessTokens = async (database: Kysely<unknown>): Promise<void> => {
  const tokens = database.schema
    .createTable('access_tokens')
    .addColumn('hash', 'text', hashKey)
    .addColumn('family_id', 'text', ofFamily)
    .addColumn('scopes', 'text', required)
    .addColumn('dpop_key', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required);
  await storedByKey(database, tokens).execute();
  await indexOn(database, 'access_tokens', ['family_id']);
  await indexOn(database, 'access_tokens', ['expires_at']);
};

const createRefreshTokens = async (database: Kysely<unknown>): Promise<void> => {
  const tokens = database.schema
    .createTable('refresh_tokens')
    .addColumn('hash', 'text', hashKey)
    .addColumn('family_id', 'text', ofFamily)
    .addColumn('dpop_key', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('rotated_at', 'bigint')
    .addColumn('successors', 'integer', required);
  await storedByKey(database, tokens).execute();
  await indexOn(database, 'refresh_tokens', ['family_id']);
  await indexOn(database, 'refresh_tokens', ['expires_at']);
};

/** `family_id` is no reference: the family starts when the code is redeemed. */
const createCodes = async (database: Kysely<unknown>): Promise<void> => {
  const codes = database.schema
    .createTable('authorization_codes')
    .addColumn('hash', 'text', hashKey)
    .addColumn('family_id', 'text', required)
    .addColumn('client_id', 'text', ofClient)
    .addColumn('user_id', 'text', ofUser)
    .addColumn('redirect_uri', 'text', required)
    .addColumn('redirect_uri_from', 'text', required)
    .addColumn('scopes', 'text', required)
    .addColumn('code_challenge', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('redeemed_at', 'bigint');
  await storedByKey(database, codes).execute();
  await indexOn(database, 'authorization_codes', ['user_id', 'client_id']);
  await indexOn(database, 'authorization_codes', ['client_id']);
  await indexOn(database, 'authorization_codes', ['expires_at']);
};

const createRememberedGrants = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('remembered_grants')
    .addColumn('user_id', 'text', ofUser)
    .addColumn('client_id', 'text', ofClient)
    .addColumn('redirect_uri', 'text', required)
    .addColumn('response_type', 'text', required)
    .addColumn('scopes', 'text', required)
    .addColumn('granted_at', 'bigint', required)
    .addPrimaryKeyConstraint('remembered_grants_key', ['user_id', 'client_id', 'redirect_uri', 'response_type'])
    .execute();
  await indexOn(database, 'remembered_grants', ['client_id']);
};

const createSessions = async (database: Kysely<unknown>): Promise<void> => {
  const sessions = database.schema
    .createTable('sessions')
    .addColumn('hash', 'text', hashKey)
    .addColumn('user_id', 'text', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('data', 'text', required)
    .addColumn('expires_at', 'bigint', required);
  await storedByKey(database, sessions).execute();
  await indexOn(database, 'sessions', ['user_id']);
  await indexOn(database, 'sessions', ['expires_at']);
};

/** `session_hash` is no reference: a session is written only when its response ends, after the decision is armed. */
const createPendingDecisions = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('pending_decisions')
    .addColumn('session_hash', 'text', required)
    .addColumn('user_id', 'text', ofUser)
    .addColumn('request_hash', 'text', required)
    .addColumn('request', 'text', required)
    .addColumn('expires_at', 'bigint', required)
    .addPrimaryKeyConstraint('pending_decisions_key', ['session_hash', 'user_id', 'request_hash'])
    .execute();
  await indexOn(database, 'pending_decisions', ['user_id']);
  await indexOn(database, 'pending_decisions', ['expires_at']);
};

const createLoginAddresses = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('login_addresses')
    .addColumn('user_id', 'text', ofUser)
    .addColumn('address', 'text', required)
    .addColumn('last_login_at', 'bigint', required)
    .addPrimaryKeyConstraint('login_addresses_key', ['user_id', 'address'])
    .execute();
  await indexOn(database, 'login_addresses', ['last_login_at']);
};
