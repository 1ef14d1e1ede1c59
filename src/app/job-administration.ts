import type { NumberCheck } from '../calls/number-check.ts';
import { TooManyJobsError } from '../features/jobs/errors.ts';
import type { JobStore } from '../features/jobs/job-store.ts';
import { MOST_PROJECTS, MOST_QUEUED } from '../features/jobs/limits.ts';
import { isOver, type Job, type Project, type ProjectOwner, type TestRun } from '../features/jobs/model.ts';
import { checkProject } from '../features/jobs/project-check.ts';
import { writeJunit } from '../features/jobs/routes/junit.ts';
import { parseProject } from '../features/jobs/routes/project-body.ts';
import { representListedJob, representProject, representRun } from '../features/jobs/routes/representation.ts';
import { nextRun } from '../features/jobs/schedule.ts';
import type { Clock } from '../shared/clock.ts';

export interface JobAdministrationParts {
  readonly store: JobStore;
  /** By the policy of the settings. */
  readonly numbers: NumberCheck;
  /** Whether a process serves the database now. */
  readonly isServed: () => Promise<boolean>;
  /** Its timers keep the process alive. */
  readonly clock: Clock;
}

/** A job with its runs, in the order of the scripts. */
export interface SeenJob {
  readonly job: Job;
  readonly runs: readonly TestRun[];
}

export interface FollowOptions {
  /** Told of each job that is another one than before, the first one included. */
  readonly onChange: (seen: SeenJob) => void;
}

/** Of jobs and calls that a command had begun, as `client` shows it. */
const COMMAND_CLIENT = 'offhook';
const requesterOf = (owner: ProjectOwner) => ({ ...owner, clientId: COMMAND_CLIENT, scope: 'own' }) as const;

const LOOK_EACH_MS = 250;
/** So long a service may be away for a restart before a command gives up. */
const GONE_MS = 15_000;
const LOOK_FOR_SERVICE_EACH_MS = 1000;

/** Projects and jobs, seen from beside the service: jobs are written into the database, and the process that serves runs them. */
export class JobAdministration {
  readonly #store: JobStore;
  readonly #numbers: NumberCheck;
  readonly #isServed: () => Promise<boolean>;
  readonly #clock: Clock;

  constructor({ store, numbers, isServed, clock }: JobAdministrationParts) {
    this.#store = store;
    this.#numbers = numbers;
    this.#isServed = isServed;
    this.#clock = clock;
  }

  isServed(): Promise<boolean> {
    return this.#isServed();
  }

  /** Oldest first; of one user, or of all. */
  projects(userId?: string): Promise<readonly Project[]> {
    return this.#store.projects(userId);
  }

  /** Those that an id or a name may mean: the one with the id, or else all of that name. */
  async projectsNamed(text: string, userId?: string): Promise<readonly Project[]> {
    const all = await this.#store.projects(userId);
    const byId = all.filter(({ id }) => String(id) === text);
    return byId.length > 0 ? byId : all.filter(({ name }) => name === text);
  }

  /**
   * Queues a run of a project in the name of its owner.
   * @throws TooManyJobsError when as many of the owner's are queued as may wait
   */
  async queue({ id, name, owner, parallel, scripts }: Project): Promise<Job> {
    const queued = await this.#store.jobs({ userId: owner.userId, status: 'queued', limit: MOST_QUEUED });
    if (queued.length >= MOST_QUEUED) {
      throw new TooManyJobsError(`${MOST_QUEUED} jobs of ${owner.username} are queued, as many as may wait.`);
    }
    const job = await this.#store.insertJob({
      ...{ projectId: id, projectName: name, owner, parallel, scripts },
      ...{ clientId: COMMAND_CLIENT, origin: 'command', restartOf: null, createdAt: this.#clock.now() },
    });
    if (job === undefined) throw new Error('the job was not stored');
    return job;
  }

  /**
   * Makes a project of what an export or the API has of one, by the checks and the limits of the API.
   * @throws InvalidRequestError when a field is missing, wrong or unknown
   * @throws InvalidProjectError when its schedule or a number is none, or a sound of a script is not there
   * @throws BarredScriptError when the policy bars a number
   * @throws TooManyJobsError when the owner has as many projects as are kept
   */
  async importProject(owner: ProjectOwner, content: unknown): Promise<Project> {
    const draft = parseProject(content);
    const at = this.#clock.now();
    const sounds = new Set((await this.#store.sounds(owner.userId)).map(({ name }) => name));
    await checkProject(draft, requesterOf(owner), { calls: this.#numbers, now: at, sounds });
    const options = { at, nextRunAt: nextRun(draft, at), most: MOST_PROJECTS };
    const project = await this.#store.insertProject(owner, draft, options);
    if (project !== undefined) return project;
    throw new TooManyJobsError(`${owner.username} has ${MOST_PROJECTS} projects, as many as are kept.`);
  }

  /** Newest first. */
  jobs(query: Parameters<JobStore['jobs']>[0]): Promise<readonly Job[]> {
    return this.#store.jobs(query);
  }

  async find(id: number): Promise<SeenJob | undefined> {
    const job = await this.#store.job(id);
    return job && { job, runs: await this.#store.runs(id) };
  }

  /** Notes that a job is to end; the service ends it, with its calls. On one that is over it changes nothing. */
  requestCancel(id: number): Promise<void> {
    return this.#store.requestCancel(id);
  }

  /**
   * Looks at a job until it is over.
   * @returns `no-service` where nothing serves the database any more, and so nothing will come of the job for now
   */
  async follow(
    id: number,
    { onChange }: FollowOptions,
  ): Promise<{ readonly how: 'over' | 'no-service'; seen: SeenJob }> {
    let version: number | undefined;
    let servedAt = this.#clock.elapsed();
    let lookForServiceAt = servedAt;
    for (;;) {
      const seen = await this.#mustFind(id);
      if (seen.job.version !== version) onChange(seen);
      version = seen.job.version;
      if (isOver(seen.job)) return { how: 'over', seen };
      const now = this.#clock.elapsed();
      if (now >= lookForServiceAt) {
        lookForServiceAt = now + LOOK_FOR_SERVICE_EACH_MS;
        if (await this.#isServed()) servedAt = now;
        else if (now - servedAt >= GONE_MS) return { how: 'no-service', seen };
      }
      await this.#pause(LOOK_EACH_MS);
    }
  }

  /**
   * Waits until a job is over, for so long at the most.
   * @returns the job as it is then
   */
  async waitForEnd(id: number, waitMs: number): Promise<SeenJob> {
    const until = this.#clock.elapsed() + waitMs;
    let seen = await this.#mustFind(id);
    while (!isOver(seen.job) && this.#clock.elapsed() < until) {
      await this.#pause(LOOK_EACH_MS);
      seen = await this.#mustFind(id);
    }
    return seen;
  }

  /** A job as the list of the API shows it. */
  represent(job: Job): Readonly<Record<string, unknown>> {
    return representListedJob(job);
  }

  /** A job with its runs, each as the API shows it. */
  representWhole({ job, runs }: SeenJob): Readonly<Record<string, unknown>> {
    return { ...representListedJob(job), test_runs: runs.map(representRun) };
  }

  /** Projects as the API shows them. */
  async representProjects(projects: readonly Project[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const last = await this.#store.lastJobs(projects.map(({ id }) => id));
    return projects.map((project) => representProject(project, last.get(project.id) ?? null));
  }

  /** The report of a job for Jenkins and GitLab. */
  writeJunit(seen: SeenJob): string {
    return writeJunit(seen);
  }

  async #mustFind(id: number): Promise<SeenJob> {
    const seen = await this.find(id);
    if (seen === undefined) throw new Error(`job ${id} is gone`);
    return seen;
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(milliseconds, resolve));
  }
}
