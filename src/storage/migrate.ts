import { Migrator, sql, type Kysely } from 'kysely';
import { DatabaseTooNewError, MigrationFailedError } from './errors.ts';
import { migrations } from './migrations.ts';
import type { Schema } from './schema.ts';

/**
 * Brings the tables up to date, all in one transaction: a process that starts at the same time waits for its end.
 * @throws DatabaseTooNewError when the database holds changes that this program does not know
 * @throws MigrationFailedError when a change could not be made; then none was
 */
export const migrate = async (database: Kysely<Schema>): Promise<void> => {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest();
  if (error === undefined) return;
  const unknown = await unknownMigrations(database);
  if (unknown.length === 0)
    throw new MigrationFailedError('The tables could not be brought up to date.', { cause: error });
  const message = `The database was changed by a newer version of Offhook (${unknown.join(', ')}). Start that version.`;
  throw new DatabaseTooNewError(message, { cause: error });
};

const unknownMigrations = async (database: Kysely<Schema>): Promise<readonly string[]> => {
  const applied = await sql<{ name: string }>`select name from kysely_migration`.execute(database);
  return applied.rows.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name));
};
