import { type Kysely, sql } from 'kysely';
import { required } from '../portable-schema.ts';

/** What refreshes answered, keys that codes are bound to, secrets that give way to new ones, and events that are counted. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createRefreshAnswers(database);
  await database.schema.alterTable('authorization_codes').addColumn('dpop_key', 'text').execute();
  await addFormerSecrets(database);
  await addCounts(database);
};

/** For the seconds in which a refresh token that was rotated gives the same answer again. It goes with its family. */
const createRefreshAnswers = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('refresh_answers')
    .addColumn('hash', 'text', (column) =>
      column.notNull().primaryKey().references('refresh_tokens.hash').onDelete('cascade'),
    )
    .addColumn('sealed_answer', 'text', required)
    .addColumn('expires_at', 'bigint', required)
    .execute();
  await database.schema.createIndex('refresh_answers_expires_at').on('refresh_answers').column('expires_at').execute();
};

const addFormerSecrets = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema.alterTable('clients').addColumn('former_secret_hash', 'text').execute();
  await database.schema.alterTable('clients').addColumn('former_secret_ends_at', 'bigint').execute();
};

/** `count_key` names what is counted in one row; null for an event that has a row of its own. */
const addCounts = async (database: Kysely<unknown>): Promise<void> => {
  const events = database.schema.alterTable('audit_events');
  await events.addColumn('count', 'integer', (column) => column.notNull().defaultTo(1)).execute();
  await events.addColumn('last_at', 'bigint').execute();
  await events.addColumn('count_key', 'text').execute();
  await database.schema
    .createIndex('audit_events_count_key')
    .unique()
    .on('audit_events')
    .column('count_key')
    .where(sql.ref('count_key'), 'is not', null)
    .execute();
};
