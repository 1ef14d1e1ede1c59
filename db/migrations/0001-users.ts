import type { Kysely } from 'kysely';
import { required } from '../portable-schema.ts';

/** Who may log in, and how they are dialled. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('username', 'text', (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', required)
    .addColumn('role', 'text', required)
    .addColumn('status', 'text', required)
    .addColumn('sandbox', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('extension', 'text', (column) => column.unique())
    .addColumn('home_country', 'text')
    .addColumn('caller_ids', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
};
