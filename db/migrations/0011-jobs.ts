import { type Kysely, sql } from 'kysely';
import { bytes, required, withGrowingId } from '../portable-schema.ts';

/** Projects of test calls, the jobs that run them, each run of a script, and the sounds that they play. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createProjects(database);
  await createJobs(database);
  await createTestRuns(database);
  await createSounds(database);
};

/** `scripts` is JSON. A project that was deleted stays for the sake of its jobs, and is shown no more. */
const createProjects = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('projects'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('name', 'text', required)
    .addColumn('scripts', 'text', required)
    .addColumn('parallel', 'integer', required)
    .addColumn('schedule', 'text')
    .addColumn('time_zone', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('changed_at', 'bigint', required)
    .addColumn('next_run_at', 'bigint')
    .addColumn('deleted_at', 'bigint')
    .execute();
  await database.schema.createIndex('projects_user_id').on('projects').column('user_id').execute();
  await database.schema
    .createIndex('projects_due')
    .on('projects')
    .column('next_run_at')
    .where(sql.ref('next_run_at'), 'is not', null)
    .execute();
};

/** What a job needs of its project is kept with it: it runs as the project was. */
const createJobs = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('jobs'))
    .addColumn('project_id', 'bigint', required)
    .addColumn('project_name', 'text', required)
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('client_id', 'text', required)
    .addColumn('origin', 'text', required)
    .addColumn('restart_of', 'bigint')
    .addColumn('status', 'text', required)
    .addColumn('parallel', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('cancel_requested', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('version', 'bigint', (column) => column.notNull().defaultTo(1))
    .execute();
  await database.schema.createIndex('jobs_project').on('jobs').columns(['project_id', 'id']).execute();
  await database.schema.createIndex('jobs_user').on('jobs').columns(['user_id', 'id']).execute();
  await database.schema
    .createIndex('jobs_open')
    .on('jobs')
    .column('id')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
};

/** `script` and `result` are JSON. */
const createTestRuns = async (database: Kysely<unknown>): Promise<void> => {
  await withGrowingId(database, database.schema.createTable('test_runs'))
    .addColumn('job_id', 'bigint', (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('position', 'integer', required)
    .addColumn('script', 'text', required)
    .addColumn('status', 'text', required)
    .addColumn('reason', 'text')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('token_call', 'text')
    .addColumn('retries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('result', 'text')
    .addUniqueConstraint('test_runs_position', ['job_id', 'position'])
    .execute();
};

/** The file as it was uploaded, and its samples: 16 bits, little-endian, 8000 a second. */
const createSounds = async (database: Kysely<unknown>): Promise<void> => {
  const blob = bytes(database);
  await database.schema
    .createTable('sounds')
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('name', 'text', required)
    .addColumn('duration_ms', 'bigint', required)
    .addColumn('changed_at', 'bigint', required)
    .addColumn('file', blob, required)
    .addColumn('pcm', blob, required)
    .addPrimaryKeyConstraint('sounds_key', ['user_id', 'name'])
    .execute();
};
