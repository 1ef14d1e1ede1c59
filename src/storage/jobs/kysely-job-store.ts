import { sql } from 'kysely';
import type { JobQueryInStore, JobStore, NewJob, RunChange, ScheduleDue } from '../../features/jobs/job-store.ts';
import type { Job, JobStatus, Project, ProjectDraft, ProjectOwner, TestRun } from '../../features/jobs/model.ts';
import type { Database } from '../database.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { selectJobs, selectProjects, toJob, toProject, toRun } from './job-rows.ts';
import { KyselySoundStore } from './kysely-sound-store.ts';

const draftColumns = ({ name, scripts, parallel, schedule, timeZone }: ProjectDraft) => ({
  name,
  scripts: JSON.stringify(scripts),
  parallel,
  schedule,
  time_zone: timeZone,
});

/** A statement takes so many values at the most, and administrators see the projects of all. */
const IDS_A_QUERY = 500;

/** Projects, jobs and test runs in SQL. */
export class KyselyJobStore extends KyselySoundStore implements JobStore {
  readonly #database: Database;

  constructor(database: Database) {
    super(database);
    this.#database = database;
  }

  async insertProject(
    owner: ProjectOwner,
    draft: ProjectDraft,
    { at, nextRunAt, most }: { readonly at: number; readonly nextRunAt: number | null; readonly most: number },
  ): Promise<Project | undefined> {
    const { builder } = this.#database;
    const row = {
      user_id: owner.userId,
      ...draftColumns(draft),
      created_at: at,
      changed_at: at,
      next_run_at: nextRunAt,
    };
    const insert = builder.insertInto('projects').values(row).returning('id');
    const count = builder
      .selectFrom('projects')
      .select((each) => each.fn.countAll<number>().as('count'))
      .where('user_id', '=', owner.userId)
      .where('deleted_at', 'is', null);
    const id = await this.#database.write(function* () {
      const { rows: counted } = yield* run(count.compile());
      if ((counted[0]?.count ?? 0) >= most) return undefined;
      const { rows } = yield* run(insert.compile());
      return rows[0]?.id;
    });
    return id === undefined ? undefined : { ...draft, id, owner, createdAt: at, changedAt: at, nextRunAt };
  }

  async updateProject(id: number, draft: ProjectDraft, at: number, nextRunAt: number | null): Promise<void> {
    const row = { ...draftColumns(draft), changed_at: at, next_run_at: nextRunAt };
    const update = this.#database.builder.updateTable('projects').set(row).where('id', '=', id);
    await this.#database.write(() => run(update.compile()));
  }

  async deleteProject(id: number, at: number): Promise<void> {
    const row = { deleted_at: at, next_run_at: null };
    const update = this.#database.builder.updateTable('projects').set(row).where('id', '=', id);
    await this.#database.write(() => run(update.compile()));
  }

  async project(id: number): Promise<Project | undefined> {
    const query = selectProjects(this.#database.builder).where('projects.id', '=', id);
    const [row] = await this.#database.read(query.compile());
    return row === undefined ? undefined : toProject(row);
  }

  async projects(userId?: string): Promise<readonly Project[]> {
    const all = selectProjects(this.#database.builder).orderBy('projects.id');
    const query = userId === undefined ? all : all.where('projects.user_id', '=', userId);
    return (await this.#database.read(query.compile())).map(toProject);
  }

  async hasHadProject(userId: string): Promise<boolean> {
    const query = this.#database.builder.selectFrom('projects').select('id').where('user_id', '=', userId).limit(1);
    return (await this.#database.read(query.compile())).length > 0;
  }

  async lastJobs(
    projectIds: readonly number[],
  ): Promise<ReadonlyMap<number, { readonly id: number; readonly status: JobStatus }>> {
    const found = new Map<number, { readonly id: number; readonly status: JobStatus }>();
    for (let start = 0; start < projectIds.length; start += IDS_A_QUERY) {
      const rows = await this.#newestJobs(projectIds.slice(start, start + IDS_A_QUERY));
      for (const { id, project_id, status } of rows) found.set(project_id, { id, status });
    }
    return found;
  }

  #newestJobs(projectIds: readonly number[]) {
    const { builder } = this.#database;
    const newest = builder
      .selectFrom('jobs')
      .select((row) => row.fn.max('id').as('id'))
      .where('project_id', 'in', projectIds)
      .groupBy('project_id');
    const query = builder.selectFrom('jobs').select(['id', 'project_id', 'status']).where('id', 'in', newest);
    return this.#database.read(query.compile());
  }

  async dueProjects(at: number): Promise<readonly Project[]> {
    const query = selectProjects(this.#database.builder)
      .where('projects.next_run_at', '<=', at)
      .where('users.status', '=', 'active')
      .orderBy('projects.next_run_at');
    return (await this.#database.read(query.compile())).map(toProject);
  }

  async insertJob(job: NewJob, schedule?: ScheduleDue): Promise<Job | undefined> {
    const id = await this.#database.write(() => this.#insertJob(job, schedule));
    return id === undefined ? undefined : this.job(id);
  }

  async skipDue(projectId: number, { dueAt, nextRunAt }: ScheduleDue): Promise<void> {
    await this.#database.write(() => run(this.#moveOn(projectId, { dueAt, nextRunAt }).compile()));
  }

  async job(id: number): Promise<Job | undefined> {
    const [row] = await this.#database.read(selectJobs(this.#database.builder).where('jobs.id', '=', id).compile());
    return row === undefined ? undefined : toJob(row);
  }

  async runs(jobId: number): Promise<readonly TestRun[]> {
    const query = this.#database.builder
      .selectFrom('test_runs')
      .selectAll()
      .where('job_id', '=', jobId)
      .orderBy('position');
    return (await this.#database.read(query.compile())).map(toRun);
  }

  async run(id: number): Promise<TestRun | undefined> {
    const query = this.#database.builder.selectFrom('test_runs').selectAll().where('id', '=', id);
    const [row] = await this.#database.read(query.compile());
    return row === undefined ? undefined : toRun(row);
  }

  async jobs({ userId, projectId, status, before, limit }: JobQueryInStore): Promise<readonly Job[]> {
    let query = selectJobs(this.#database.builder).orderBy('jobs.id', 'desc').limit(limit);
    if (userId !== undefined) query = query.where('jobs.user_id', '=', userId);
    if (projectId !== undefined) query = query.where('jobs.project_id', '=', projectId);
    if (status !== undefined) query = query.where('jobs.status', '=', status);
    if (before !== undefined) query = query.where('jobs.id', '<', before);
    return (await this.#database.read(query.compile())).map(toJob);
  }

  async openJobs(): Promise<readonly Job[]> {
    const query = selectJobs(this.#database.builder).where('jobs.ended_at', 'is', null).orderBy('jobs.id');
    return (await this.#database.read(query.compile())).map(toJob);
  }

  async cancelRequests(): Promise<readonly number[]> {
    const query = this.#database.builder
      .selectFrom('jobs')
      .select('id')
      .where('ended_at', 'is', null)
      .where('cancel_requested', '=', 1);
    return (await this.#database.read(query.compile())).map(({ id }) => id);
  }

  async requestCancel(id: number): Promise<void> {
    const update = this.#changeJob(id).set({ cancel_requested: 1 }).where('ended_at', 'is', null);
    await this.#database.write(() => run(update.compile()));
  }

  async startJob(id: number, at: number): Promise<void> {
    const update = this.#changeJob(id).set({ status: 'running', started_at: at }).where('status', '=', 'queued');
    await this.#database.write(() => run(update.compile()));
  }

  async changeRun({ id, status, reason, startedAt, endedAt, tokenCall, retries, result }: RunChange): Promise<void> {
    const { builder } = this.#database;
    const row = {
      ...{ status, reason, retries },
      started_at: startedAt,
      ended_at: endedAt,
      token_call: tokenCall,
      result: result === null ? null : JSON.stringify(result),
    };
    const update = builder.updateTable('test_runs').set(row).where('id', '=', id).returning('job_id');
    const changeJob = (jobId: number) => this.#changeJob(jobId);
    await this.#database.write(function* () {
      const { rows } = yield* run(update.compile());
      for (const { job_id } of rows) yield* run(changeJob(job_id).compile());
    });
  }

  async endJob(id: number, status: 'finished' | 'cancelled', at: number): Promise<void> {
    const { builder } = this.#database;
    const pending = builder
      .updateTable('test_runs')
      .set({ status: 'Cancelled', reason: 'cancelled', ended_at: at })
      .where('job_id', '=', id)
      .where('status', '=', 'Pending');
    const job = this.#changeJob(id).set({ status, ended_at: at }).where('ended_at', 'is', null);
    await this.#database.write(function* () {
      if (status === 'cancelled') yield* run(pending.compile());
      yield* run(job.compile());
    });
  }

  async interruptRuns(reason: string, at: number): Promise<readonly TestRun[]> {
    const update = this.#database.builder
      .updateTable('test_runs')
      .set({ status: 'Error', reason, ended_at: at })
      .where('status', '=', 'Running')
      .returningAll();
    const changeJob = (jobId: number) => this.#changeJob(jobId);
    const rows = await this.#database.write(function* () {
      const outcome = yield* run(update.compile());
      for (const { job_id } of outcome.rows) yield* run(changeJob(job_id).compile());
      return outcome.rows;
    });
    return rows.map(toRun);
  }

  /** Every change of a job or of its runs passes here: whoever watches sees that there was one. */
  #changeJob(id: number) {
    return this.#database.builder
      .updateTable('jobs')
      .set((row) => ({ version: row('version', '+', 1) }))
      .where('id', '=', id);
  }

  #moveOn(projectId: number, { dueAt, nextRunAt }: ScheduleDue) {
    return this.#database.builder
      .updateTable('projects')
      .set({ next_run_at: nextRunAt })
      .where('id', '=', projectId)
      .where('next_run_at', '=', dueAt);
  }

  *#insertJob(job: NewJob, schedule: ScheduleDue | undefined): UnitOfWork<number | undefined> {
    const { builder } = this.#database;
    if (schedule !== undefined) {
      const { changes } = yield* run(this.#moveOn(job.projectId, schedule).compile());
      if (changes === 0) return undefined;
    }
    const insert = builder.insertInto('jobs').values({
      project_id: job.projectId,
      project_name: job.projectName,
      user_id: job.owner.userId,
      client_id: job.clientId,
      origin: job.origin,
      restart_of: job.restartOf,
      status: 'queued',
      parallel: job.parallel,
      created_at: job.createdAt,
      started_at: null,
      ended_at: null,
    });
    const { rows } = yield* run(insert.returning('id').compile());
    const jobId = rows[0]?.id;
    if (jobId === undefined) return undefined;
    for (const [position, script] of job.scripts.entries()) {
      const row = { job_id: jobId, position, script: JSON.stringify(script), status: sql.lit('Pending' as const) };
      yield* run(builder.insertInto('test_runs').values(row).compile());
    }
    return jobId;
  }
}
