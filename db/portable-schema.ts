import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, sql, SqliteAdapter } from 'kysely';

/*
 * The few things that SQLite and PostgreSQL write differently. Everything else in the migrations is common to both:
 * `text`, `integer` (also for yes and no), and `bigint` for times in milliseconds.
 */

const isSqlite = (database: Kysely<unknown>): boolean => database.getExecutor().adapter instanceof SqliteAdapter;

/** Adds the key `id`, a number that only grows and is never given twice. */
export const withGrowingId = <Table extends string, Columns extends string>(
  database: Kysely<unknown>,
  table: CreateTableBuilder<Table, Columns>,
): CreateTableBuilder<Table, Columns | 'id'> =>
  isSqlite(database)
    ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : table.addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity());

/** Adds the key `id`, a number that grows for as long as the newest row is never deleted: cheaper than one that always does. */
export const withRisingId = <Table extends string, Columns extends string>(
  database: Kysely<unknown>,
  table: CreateTableBuilder<Table, Columns>,
): CreateTableBuilder<Table, Columns | 'id'> =>
  isSqlite(database)
    ? table.addColumn('id', 'integer', (column) => column.primaryKey())
    : table.addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity());

/** The type of a column that holds bytes. */
export const bytes = (database: Kysely<unknown>): 'blob' | 'bytea' => (isSqlite(database) ? 'blob' : 'bytea');

/** Keeps the rows in the order of their primary key where the database can: one search finds a row instead of two. */
export const storedByKey = <Table extends string, Columns extends string>(
  database: Kysely<unknown>,
  table: CreateTableBuilder<Table, Columns>,
): CreateTableBuilder<Table, Columns> => (isSqlite(database) ? table.modifyEnd(sql`without rowid`) : table);

export const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
