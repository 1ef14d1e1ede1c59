import type { Requester } from '../../calls/call-command.ts';
import type { CallService } from '../../calls/call-service.ts';
import type { Clock } from '../../shared/clock.ts';
import { InvalidProjectError, JobsNotFoundError, JobUnderWayError, TooManyJobsError } from './errors.ts';
import type { JobRunner } from './job-runner.ts';
import type { JobStore } from './job-store.ts';
import { MOST_PROJECTS, MOST_QUEUED } from './limits.ts';
import {
  isOver,
  type Job,
  type JobOrigin,
  type JobStatus,
  type Project,
  type ProjectDraft,
  type ProjectSummary,
  type Sound,
  type TestRun,
} from './model.ts';
import { checkProject } from './project-check.ts';
import { nextRun } from './schedule.ts';
import { type ReadWav, SoundService } from './sound-service.ts';
import { waitForChange } from './watch.ts';

/** On whose behalf a request acts. Routes and pages check what its token or session allows; the service checks whose it is. */
export interface Actor {
  readonly userId: string;
  readonly username: string;
  readonly clientId: string;
  /** `everybody`: an administrator. */
  readonly reach: 'own' | 'everybody';
}

export interface JobWithRuns {
  readonly job: Job;
  readonly runs: readonly TestRun[];
}

export interface JobQuery {
  readonly projectId?: number | undefined;
  readonly status?: JobStatus | undefined;
  /** At most this many, 1 to 500. */
  readonly limit: number;
  /** From an earlier page's `next`. */
  readonly cursor?: string | undefined;
}

/** Newest first. */
export interface JobPage {
  readonly jobs: readonly Job[];
  readonly next: string | null;
}

/**
 * What users may do with projects, jobs and sounds. What is not one's own looks like what does not exist:
 * `JobsNotFoundError`. What of a draft is not valid, or may not be dialled, is refused before anything is stored.
 */
export interface JobServiceFace {
  projects(actor: Actor): Promise<readonly ProjectSummary[]>;
  project(actor: Actor, id: number): Promise<Project>;
  createProject(actor: Actor, draft: ProjectDraft): Promise<Project>;
  updateProject(actor: Actor, id: number, draft: ProjectDraft): Promise<Project>;
  /** Its jobs stay readable for as long as jobs are kept. */
  deleteProject(actor: Actor, id: number): Promise<void>;

  startJob(actor: Actor, projectId: number): Promise<Job>;
  /**
   * A new job with the scripts as they were in that one.
   * @throws JobUnderWayError while that one is queued or running
   */
  restartJob(actor: Actor, id: number): Promise<Job>;
  /** Ends its calls; on a job that is over it changes nothing. */
  cancelJob(actor: Actor, id: number): Promise<Job>;
  job(actor: Actor, id: number): Promise<JobWithRuns>;
  /** As `job`, once its version is another than `version`, or after `waitMs`. */
  watchJob(
    actor: Actor,
    id: number,
    options: { readonly version: number; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<JobWithRuns>;
  jobs(actor: Actor, query: JobQuery): Promise<JobPage>;
  testRun(actor: Actor, id: number): Promise<TestRun>;

  sounds(actor: Actor): Promise<readonly Sound[]>;
  /** The file, as it was uploaded. */
  sound(actor: Actor, name: string): Promise<{ readonly sound: Sound; readonly file: Uint8Array }>;
  /**
   * Keeps a sound under a name; the one before is replaced.
   * @throws InvalidSoundError where the file is no WAV that can be read, or too long
   */
  putSound(actor: Actor, name: string, file: Uint8Array): Promise<Sound>;
  deleteSound(actor: Actor, name: string): Promise<void>;
}

export interface JobServiceOptions {
  readonly store: JobStore;
  readonly calls: Pick<CallService, 'checkNumber'>;
  readonly runner: Pick<JobRunner, 'hint' | 'off' | 'on'>;
  readonly readWav: ReadWav;
  readonly clock: Clock;
}

const MOST_SCRIPTS = 500;
const MOST_PARALLEL = 50;

/** See `JobServiceFace`. */
export class JobService implements JobServiceFace {
  readonly #options: JobServiceOptions;
  readonly #sounds: SoundService;

  constructor(options: JobServiceOptions) {
    this.#options = options;
    this.#sounds = new SoundService(options);
  }

  async projects(actor: Actor): Promise<readonly ProjectSummary[]> {
    const { store } = this.#options;
    const projects = await store.projects(actor.reach === 'own' ? actor.userId : undefined);
    const lastJobs = await store.lastJobs(projects.map(({ id }) => id));
    return projects.map((project) => ({ project, lastJob: lastJobs.get(project.id) ?? null }));
  }

  async project(actor: Actor, id: number): Promise<Project> {
    const project = await this.#options.store.project(id);
    if (project === undefined || !isOf(actor, project)) throw new JobsNotFoundError('project');
    return project;
  }

  async createProject(actor: Actor, draft: ProjectDraft): Promise<Project> {
    const { store, clock } = this.#options;
    const { userId, username } = actor;
    await this.#check(draft, actor);
    const at = clock.now();
    const options = { at, nextRunAt: nextRun(draft, at), most: MOST_PROJECTS };
    const project = await store.insertProject({ userId, username }, draft, options);
    if (project !== undefined) return project;
    throw new TooManyJobsError(`You have ${MOST_PROJECTS} projects, as many as are kept. Delete one first.`);
  }

  async updateProject(actor: Actor, id: number, draft: ProjectDraft): Promise<Project> {
    const { store, clock } = this.#options;
    const before = await this.project(actor, id);
    await this.#check(draft, { ...actor, ...before.owner });
    const now = clock.now();
    await store.updateProject(id, draft, now, nextRun(draft, now));
    return this.project(actor, id);
  }

  async deleteProject(actor: Actor, id: number): Promise<void> {
    await this.project(actor, id);
    await this.#options.store.deleteProject(id, this.#options.clock.now());
  }

  async startJob(actor: Actor, projectId: number): Promise<Job> {
    const { id, name, owner, parallel, scripts } = await this.project(actor, projectId);
    if (scripts.length === 0) throw new InvalidProjectError('scripts', 'the project has none to run');
    return this.#queue(actor, { project: { id, name, owner, parallel }, scripts, origin: 'user', restartOf: null });
  }

  async restartJob(actor: Actor, id: number): Promise<Job> {
    const { job, runs } = await this.job(actor, id);
    if (!isOver(job)) throw new JobUnderWayError();
    const project = { id: job.projectId, name: job.projectName, owner: job.owner, parallel: job.parallel };
    const scripts = runs.map(({ script }) => script);
    return this.#queue(actor, { project, scripts, origin: 'restart', restartOf: id });
  }

  async cancelJob(actor: Actor, id: number): Promise<Job> {
    const { store, runner } = this.#options;
    const { job } = await this.job(actor, id);
    if (isOver(job)) return job;
    await store.requestCancel(id);
    runner.hint();
    return (await this.job(actor, id)).job;
  }

  async job(actor: Actor, id: number): Promise<JobWithRuns> {
    const { store } = this.#options;
    const job = await store.job(id);
    if (job === undefined || !isOf(actor, job)) throw new JobsNotFoundError('job');
    return { job, runs: await store.runs(id) };
  }

  async watchJob(
    actor: Actor,
    id: number,
    options: { readonly version: number; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<JobWithRuns> {
    const { clock, runner } = this.#options;
    const { version, waitMs, signal } = options;
    const until = clock.elapsed() + waitMs;
    for (;;) {
      const found = await this.job(actor, id);
      const leftMs = until - clock.elapsed();
      if (found.job.version !== version || leftMs <= 0 || signal.aborted) return found;
      await waitForChange(runner, { jobId: id, clock, withinMs: leftMs, signal });
    }
  }

  async jobs(actor: Actor, { projectId, status, limit, cursor }: JobQuery): Promise<JobPage> {
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const userId = actor.reach === 'own' ? actor.userId : undefined;
    const jobs = await this.#options.store.jobs({ userId, projectId, status, before, limit: limit + 1 });
    const page = jobs.slice(0, limit);
    const last = page.at(-1);
    return { jobs: page, next: jobs.length > limit && last !== undefined ? writeCursor(last.id) : null };
  }

  async testRun(actor: Actor, id: number): Promise<TestRun> {
    const { store } = this.#options;
    const run = await store.run(id);
    const job = run === undefined ? undefined : await store.job(run.jobId);
    if (run === undefined || job === undefined || !isOf(actor, job)) throw new JobsNotFoundError('test run');
    return run;
  }

  sounds({ userId }: Actor): Promise<readonly Sound[]> {
    return this.#sounds.list(userId);
  }

  sound({ userId }: Actor, name: string): Promise<{ readonly sound: Sound; readonly file: Uint8Array }> {
    return this.#sounds.find(userId, name);
  }

  putSound({ userId }: Actor, name: string, file: Uint8Array): Promise<Sound> {
    return this.#sounds.put(userId, name, file);
  }

  deleteSound({ userId }: Actor, name: string): Promise<void> {
    return this.#sounds.delete(userId, name);
  }

  async #check(draft: ProjectDraft, owner: Omit<Actor, 'reach'>): Promise<void> {
    const { calls, clock, store } = this.#options;
    if (draft.scripts.length > MOST_SCRIPTS) {
      throw new InvalidProjectError(
        'scripts',
        `has ${draft.scripts.length}: a project has ${MOST_SCRIPTS} at the most`,
      );
    }
    if (draft.parallel < 1 || draft.parallel > MOST_PARALLEL || !Number.isInteger(draft.parallel)) {
      throw new InvalidProjectError('parallel', `must be a whole number, 1 to ${MOST_PARALLEL}`);
    }
    const sounds = new Set((await store.sounds(owner.userId)).map(({ name }) => name));
    await checkProject(draft, { ...owner, scope: 'own' } satisfies Requester, { calls, sounds, now: clock.now() });
  }

  async #queue(actor: Actor, wanted: Wanted): Promise<Job> {
    const { store, runner, clock } = this.#options;
    const { project, scripts, origin, restartOf } = wanted;
    const { owner, parallel } = project;
    const queued = await store.jobs({ userId: owner.userId, status: 'queued', limit: MOST_QUEUED });
    if (queued.length >= MOST_QUEUED) {
      throw new TooManyJobsError(
        `${MOST_QUEUED} jobs are queued, as many as may wait. Cancel one, or wait for one to end.`,
      );
    }
    const job = await store.insertJob({
      ...{ owner, parallel, scripts, origin, restartOf },
      projectId: project.id,
      projectName: project.name,
      clientId: actor.clientId,
      createdAt: clock.now(),
    });
    if (job === undefined) throw new JobsNotFoundError('project');
    runner.hint();
    return job;
  }
}

/** A job that is to be queued. */
interface Wanted {
  readonly project: Pick<Project, 'id' | 'name' | 'owner' | 'parallel'>;
  readonly scripts: Project['scripts'];
  readonly origin: JobOrigin;
  readonly restartOf: number | null;
}

const isOf = ({ reach, userId }: Actor, { owner }: Pick<Job, 'owner'>): boolean =>
  reach === 'everybody' || owner.userId === userId;

/** Opaque to who is given it: the newest job that was not shown yet has a smaller id. */
const writeCursor = (id: number): string => Buffer.from(`jobs ${id}`).toString('base64url');

const readCursor = (cursor: string): number => {
  const id = /^jobs (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (id === undefined) throw new InvalidProjectError('cursor', 'is none that was given out here');
  return Number(id);
};
