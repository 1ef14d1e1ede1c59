import type { Kysely } from 'kysely';
import { required, storedByKey } from '../portable-schema.ts';

/** What is true of the database as a whole, by name: which secret file belongs to it, the epoch of its feed. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  const facts = database.schema
    .createTable('facts')
    .addColumn('name', 'text', (column) => column.notNull().primaryKey())
    .addColumn('value', 'text', required);
  await storedByKey(database, facts).execute();
};
