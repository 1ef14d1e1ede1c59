import { type Kysely, sql } from 'kysely';
import { required, storedByKey } from '../portable-schema.ts';

/** Names of users without regard to case, and replies of pages that are kept for a while. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await addNameKeys(database);
  await createKeptReplies(database);
};

interface UserRow {
  readonly id: string;
  readonly username: string;
}

/**
 * What two ways of writing one name have in common. Databases fold the case of ASCII alone, so it is done here, as
 * `oauth/model/username.ts` does it. Of users who were two until now, the oldest gets it; the others have none, and go on
 * logging in by their exact names.
 */
const addNameKeys = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema.alterTable('users').addColumn('name_key', 'text').execute();
  const { rows } = await sql<UserRow>`select id, username from users order by created_at, id`.execute(database);
  const taken = new Set<string>();
  for (const { id, username } of rows) {
    const key = username.trim().normalize('NFC').toLowerCase().normalize('NFC');
    if (!taken.has(key)) await sql`update users set name_key = ${key} where id = ${id}`.execute(database);
    taken.add(key);
  }
  await database.schema.createIndex('users_name_key').unique().on('users').column('name_key').execute();
};

/** What they hold is shown or sent once, so it is sealed with the key file. `session_hash` is no reference, as of decisions. */
const createKeptReplies = async (database: Kysely<unknown>): Promise<void> => {
  const replies = database.schema
    .createTable('kept_replies')
    .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
    .addColumn('session_hash', 'text', required)
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('sealed', 'text', required)
    .addColumn('expires_at', 'bigint', required);
  await storedByKey(database, replies).execute();
  for (const column of ['session_hash', 'user_id', 'expires_at']) {
    await database.schema.createIndex(`kept_replies_${column}`).on('kept_replies').column(column).execute();
  }
};
