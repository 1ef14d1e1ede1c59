import { type Kysely, sql } from 'kysely';

/** What figures of calls need of each leg, and the past in its order by each filter. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await addAttempts(database);
  await createOrders(database);
};

/** When a leg was last called, and over which trunk. Of calls from before, and of a leg that was not called, null. */
const addAttempts = async (database: Kysely<unknown>): Promise<void> => {
  const legs = database.schema.alterTable('legs');
  await legs.addColumn('called_at', 'bigint').execute();
  await legs.addColumn('trunk', 'text').execute();
};

/**
 * An index for each filter of the history, in the order in which it is listed: SQLite ends each of them with the id. By name,
 * not by id of the user: the journal keeps the names of users who are gone.
 */
const createOrders = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema.createIndex('calls_by_time').on('calls').column('created_at').execute();
  for (const column of ['username', 'client_id', 'number']) {
    await database.schema.createIndex(`calls_by_${column}`).on('calls').columns([column, 'created_at']).execute();
  }
  await database.schema
    .createIndex('calls_by_outcome')
    .on('calls')
    .columns(['outcome', 'created_at'])
    .where(sql.ref('outcome'), 'is not', null)
    .execute();
};
