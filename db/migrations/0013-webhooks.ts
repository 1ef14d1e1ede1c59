import { type Kysely, sql } from 'kysely';
import { required, withGrowingId } from '../portable-schema.ts';

/** Addresses that applications want to be told at, and what each of them is told or was. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createWebhooks(database);
  await createDeliveries(database);
};

/** `events` is a list in JSON. `told_from` is a cursor of the feed: nothing of before is told. */
const createWebhooks = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('webhooks')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('client_id', 'text', (column) => column.notNull().references('clients.id').onDelete('cascade'))
    .addColumn('url', 'text', required)
    .addColumn('events', 'text', required)
    .addColumn('description', 'text', required)
    .addColumn('status', 'text', required)
    .addColumn('told_from', 'text', required)
    .addColumn('sealed_secret', 'text', required)
    .addColumn('sealed_former_secret', 'text')
    .addColumn('former_secret_ends_at', 'bigint')
    .addColumn('created_at', 'bigint', required)
    .execute();
  await database.schema.createIndex('webhooks_client_id').on('webhooks').column('client_id').execute();
};

/**
 * Of the deliveries of one call to one webhook only the first that is pending has a `next_attempt_at`; the others wait for
 * it. `step` counts the steps of the schedule, `attempts` how often it was sent.
 */
const createDeliveries = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('webhook_deliveries'))
    .addColumn('webhook_id', 'text', (column) => column.notNull().references('webhooks.id').onDelete('cascade'))
    .addColumn('message_id', 'text', (column) => column.notNull().unique())
    .addColumn('event', 'text', required)
    .addColumn('token_call', 'text')
    .addColumn('user_id', 'text')
    .addColumn('body', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('step', 'integer', required)
    .addColumn('attempts', 'integer', required)
    .addColumn('next_attempt_at', 'bigint')
    .addColumn('last_status', 'integer')
    .addColumn('last_error', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('ended_at', 'bigint')
    .execute();
  await database.schema
    .createIndex('webhook_deliveries_due')
    .on('webhook_deliveries')
    .columns(['webhook_id', 'next_attempt_at', 'id'])
    .where(sql.ref('next_attempt_at'), 'is not', null)
    .execute();
  await database.schema
    .createIndex('webhook_deliveries_pending')
    .on('webhook_deliveries')
    .columns(['webhook_id', 'token_call', 'id'])
    .where(sql.ref('state'), '=', sql.lit('pending'))
    .execute();
  await database.schema
    .createIndex('webhook_deliveries_webhook')
    .on('webhook_deliveries')
    .columns(['webhook_id', 'id'])
    .execute();
  await database.schema
    .createIndex('webhook_deliveries_over')
    .on('webhook_deliveries')
    .columns(['state', 'ended_at'])
    .where(sql.ref('ended_at'), 'is not', null)
    .execute();
};
