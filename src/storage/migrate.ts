import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import * as users from '../../db/migrations/0001-users.ts';
import * as calls from '../../db/migrations/0002-calls.ts';
import * as oauth from '../../db/migrations/0003-oauth.ts';
import * as sip from '../../db/migrations/0004-sip.ts';
import * as authorizationServer from '../../db/migrations/0005-authorization-server.ts';
import * as facts from '../../db/migrations/0006-facts.ts';
import * as ownersAndFeed from '../../db/migrations/0007-owners-and-feed.ts';
import * as tokenAnswers from '../../db/migrations/0008-token-answers.ts';
import * as namesAndKeptReplies from '../../db/migrations/0009-names-and-kept-replies.ts';
import * as testCalls from '../../db/migrations/0010-test-calls.ts';
import * as jobs from '../../db/migrations/0011-jobs.ts';
import * as history from '../../db/migrations/0012-history.ts';
import * as webhooks from '../../db/migrations/0013-webhooks.ts';
import { DatabaseTooNewError, MigrationFailedError } from './errors.ts';
import type { Schema } from './schema.ts';

/** All changes of the tables, by name, in the order of their names. One that was released is never edited. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-users': users,
  '0002-calls': calls,
  '0003-oauth': oauth,
  '0004-sip': sip,
  '0005-authorization-server': authorizationServer,
  '0006-facts': facts,
  '0007-owners-and-feed': ownersAndFeed,
  '0008-token-answers': tokenAnswers,
  '0009-names-and-kept-replies': namesAndKeptReplies,
  '0010-test-calls': testCalls,
  '0011-jobs': jobs,
  '0012-history': history,
  '0013-webhooks': webhooks,
};

/**
 * Brings the tables up to date, all in one transaction: a process that starts at the same time waits for its end.
 * @throws DatabaseTooNewError when the database holds changes that this program does not know
 * @throws MigrationFailedError when a change could not be made; then none was
 */
export const migrate = async (database: Kysely<Schema>): Promise<void> => {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error } = await new Migrator({ db: database, provider }).migrateToLatest();
  if (error === undefined) return;
  // Of a file that cannot be read, the error that came first says more.
  const unknown = await unknownMigrations(database).catch(() => []);
  if (unknown.length === 0)
    throw new MigrationFailedError('The tables could not be brought up to date.', { cause: error });
  const message = `The database was changed by a newer version of Offhook (${unknown.join(', ')}). Start that version.`;
  throw new DatabaseTooNewError(message, { cause: error });
};

const unknownMigrations = async (database: Kysely<Schema>): Promise<readonly string[]> => {
  const applied = await sql<{ name: string }>`select name from kysely_migration`.execute(database);
  return applied.rows.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name));
};
