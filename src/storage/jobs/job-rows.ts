import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import type { Job, Project, RunResult, TestRun } from '../../features/jobs/model.ts';
import type { Script } from '../../features/jobs/script.ts';
import type { Schema } from '../schema.ts';

type ProjectRow = Selectable<Schema['projects']> & { readonly username: string };
type RunRow = Selectable<Schema['test_runs']>;

// What stands in these columns was written by us, from values of these types.
export const toProject = (row: ProjectRow): Project => ({
  id: row.id,
  owner: { userId: row.user_id, username: row.username },
  name: row.name,
  scripts: JSON.parse(row.scripts) as readonly Script[],
  parallel: row.parallel,
  schedule: row.schedule,
  timeZone: row.time_zone,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  nextRunAt: row.next_run_at,
});

export const toRun = (row: RunRow): TestRun => ({
  id: row.id,
  jobId: row.job_id,
  position: row.position,
  script: JSON.parse(row.script) as Script,
  status: row.status,
  reason: row.reason,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  tokenCall: row.token_call,
  retries: row.retries,
  result: row.result === null ? null : (JSON.parse(row.result) as RunResult),
});

export const selectProjects = (builder: Kysely<Schema>) =>
  builder
    .selectFrom('projects')
    .innerJoin('users', 'users.id', 'projects.user_id')
    .selectAll('projects')
    .select('users.username')
    .where('projects.deleted_at', 'is', null);

const countOf = (row: ExpressionBuilder<Schema, 'jobs'>, statuses?: readonly TestRun['status'][]) => {
  const runs = row
    .selectFrom('test_runs')
    .select((run) => run.fn.countAll<number>().as('count'))
    .whereRef('test_runs.job_id', '=', 'jobs.id');
  return statuses === undefined ? runs : runs.where('test_runs.status', 'in', statuses);
};

/** A job with the counts of its runs. */
export const selectJobs = (builder: Kysely<Schema>) =>
  builder
    .selectFrom('jobs')
    .innerJoin('users', 'users.id', 'jobs.user_id')
    .selectAll('jobs')
    .select('users.username')
    .select((row) => [
      countOf(row).as('total'),
      countOf(row, ['Pass', 'Fail', 'Error', 'Cancelled']).as('completed'),
      countOf(row, ['Pass']).as('passed'),
      countOf(row, ['Fail', 'Error']).as('failed'),
    ]);

type JobRow = Awaited<ReturnType<ReturnType<typeof selectJobs>['executeTakeFirstOrThrow']>>;

export const toJob = (row: JobRow): Job => ({
  id: row.id,
  projectId: row.project_id,
  projectName: row.project_name,
  owner: { userId: row.user_id, username: row.username },
  clientId: row.client_id,
  origin: row.origin,
  restartOf: row.restart_of,
  status: row.status,
  parallel: row.parallel,
  createdAt: row.created_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  totalScripts: row.total ?? 0,
  completed: row.completed ?? 0,
  passed: row.passed ?? 0,
  failed: row.failed ?? 0,
  version: row.version,
});
