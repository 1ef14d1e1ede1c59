import type { Kysely } from 'kysely';

/** Whether a call was placed by the test phone: such calls are listed, and stay out of statistics. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .alterTable('calls')
    .addColumn('is_test', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
};
