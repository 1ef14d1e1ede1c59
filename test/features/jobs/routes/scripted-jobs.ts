import type {
  Actor,
  JobPage,
  JobQuery,
  JobServiceFace,
  JobWithRuns,
} from '../../../../src/features/jobs/job-service.ts';
import type { Job, JobStatus, Project, ProjectDraft, Sound, TestRun } from '../../../../src/features/jobs/model.ts';
import { AppError, type ErrorKind } from '../../../../src/shared/errors.ts';

class NotThereError extends AppError {
  readonly code = 'job_not_found';
  readonly kind: ErrorKind = 'not-found';
}
class UnderWayError extends AppError {
  readonly code = 'job_under_way';
  readonly kind: ErrorKind = 'conflict';
}

const AT = Date.parse('2026-01-01T00:00:00Z');

interface Kept {
  job: Job;
  runs: TestRun[];
  version: number;
}

/** Projects and jobs in memory, whose runs end as the test says. */
export class ScriptedJobs implements JobServiceFace {
  readonly #projects = new Map<number, Project>();
  readonly #jobs = new Map<number, Kept>();
  readonly #sounds = new Map<string, { sound: Sound; file: Uint8Array }>();
  #id = 0;
  watching = 0;
  #changed = new Set<() => void>();

  #own<Item>(actor: Actor, item: Item | undefined, owner: (item: Item) => string): Item {
    if (item === undefined || (actor.reach === 'own' && owner(item) !== actor.userId))
      throw new NotThereError('There is none.');
    return item;
  }
  #project(actor: Actor, id: number): Project {
    return this.#own(actor, this.#projects.get(id), ({ owner }) => owner.userId);
  }
  #kept(actor: Actor, id: number): Kept {
    return this.#own(actor, this.#jobs.get(id), ({ job }) => job.owner.userId);
  }
  async projects(actor: Actor) {
    await Promise.resolve();
    return [...this.#projects.values()]
      .filter(({ owner }) => actor.reach === 'everybody' || owner.userId === actor.userId)
      .map((project) => ({ project, lastJob: this.#of(project.id)[0]?.job ?? null }));
  }
  #of(projectId: number): Kept[] {
    return [...this.#jobs.values()].filter(({ job }) => job.projectId === projectId).reverse();
  }
  async project(actor: Actor, id: number) {
    await Promise.resolve();
    return this.#project(actor, id);
  }
  async createProject({ userId, username }: Actor, draft: ProjectDraft) {
    await Promise.resolve();
    const id = (this.#id += 1);
    const project = { ...draft, id, owner: { userId, username }, createdAt: AT, changedAt: AT, nextRunAt: null };
    this.#projects.set(id, project);
    return project;
  }
  async updateProject(actor: Actor, id: number, draft: ProjectDraft) {
    await Promise.resolve();
    const project = { ...this.#project(actor, id), ...draft };
    this.#projects.set(id, project);
    return project;
  }
  async deleteProject(actor: Actor, id: number) {
    await Promise.resolve();
    this.#project(actor, id);
    this.#projects.delete(id);
  }
  #start(
    actor: Actor,
    project: Pick<Project, 'id' | 'name' | 'owner' | 'scripts' | 'parallel'>,
    from: Partial<Job>,
  ): Job {
    const id = (this.#id += 1);
    const runs = project.scripts.map((script, position): TestRun => ({
      ...{ id: (this.#id += 1), jobId: id, position, script, status: 'Pending', reason: null, startedAt: null },
      ...{ endedAt: null, tokenCall: null, retries: 0, result: null },
    }));
    const job: Job = {
      ...{ id, projectId: project.id, projectName: project.name, owner: project.owner, clientId: actor.clientId },
      ...{ origin: 'user', restartOf: null, status: 'queued', parallel: project.parallel, createdAt: AT },
      ...{
        startedAt: null,
        endedAt: null,
        totalScripts: runs.length,
        completed: 0,
        passed: 0,
        failed: 0,
        version: 1,
        ...from,
      },
    };
    this.#jobs.set(id, { job, runs, version: 1 });
    return job;
  }
  async startJob(actor: Actor, projectId: number) {
    await Promise.resolve();
    return this.#start(actor, this.#project(actor, projectId), {});
  }
  async restartJob(actor: Actor, id: number) {
    await Promise.resolve();
    const { job, runs } = this.#kept(actor, id);
    if (job.status === 'queued' || job.status === 'running') throw new UnderWayError('It runs.');
    const scripts = runs.map(({ script }) => script);
    const { projectId, projectName: name, owner, parallel } = job;
    return this.#start(actor, { id: projectId, name, owner, parallel, scripts }, { origin: 'restart', restartOf: id });
  }
  async cancelJob(actor: Actor, id: number) {
    await Promise.resolve();
    const { job, runs } = this.#kept(actor, id);
    if (job.status === 'queued' || job.status === 'running') {
      this.end(
        id,
        'cancelled',
        runs.map(() => ({ status: 'Cancelled' })),
      );
    }
    return this.#kept(actor, id).job;
  }
  async job(actor: Actor, id: number): Promise<JobWithRuns> {
    await Promise.resolve();
    return this.#kept(actor, id);
  }
  async watchJob(actor: Actor, id: number, { version, signal }: { version: number; signal: AbortSignal }) {
    this.watching += 1;
    const until = new Promise<void>((resolve) => {
      this.#changed.add(resolve);
      signal.addEventListener('abort', () => resolve());
    });
    if (this.#kept(actor, id).version === version) await until;
    this.watching -= 1;
    return this.job(actor, id);
  }
  async jobs(actor: Actor, { projectId, status, limit, cursor }: JobQuery): Promise<JobPage> {
    await Promise.resolve();
    const all = [...this.#jobs.values()]
      .map(({ job }) => job)
      .filter(({ owner }) => actor.reach === 'everybody' || owner.userId === actor.userId)
      .filter((job) => (projectId ?? job.projectId) === job.projectId && (status ?? job.status) === job.status)
      .filter(({ id }) => cursor === undefined || id < Number(cursor))
      .reverse();
    const jobs = all.slice(0, limit);
    return { jobs, next: all.length > limit ? String(jobs.at(-1)?.id) : null };
  }
  async testRun(actor: Actor, id: number): Promise<TestRun> {
    await Promise.resolve();
    for (const { job, runs } of this.#jobs.values()) {
      const run = runs.find((each) => each.id === id);
      if (run !== undefined) return this.#own(actor, run, () => job.owner.userId);
    }
    throw new NotThereError('There is none.');
  }
  async sounds() {
    await Promise.resolve();
    return [...this.#sounds.values()].map(({ sound }) => sound);
  }
  async sound(_actor: Actor, name: string) {
    await Promise.resolve();
    return this.#own({ reach: 'everybody' } as Actor, this.#sounds.get(name), () => '');
  }
  async putSound(_actor: Actor, name: string, file: Uint8Array) {
    await Promise.resolve();
    const sound = { name, durationMs: 1000, bytes: file.length, changedAt: AT };
    this.#sounds.set(name, { sound, file });
    return sound;
  }
  async deleteSound(_actor: Actor, name: string) {
    await Promise.resolve();
    if (!this.#sounds.delete(name)) throw new NotThereError('There is none.');
  }
  /** Ends a job, its runs as is said of each. */
  end(id: number, status: JobStatus, changes: readonly Partial<TestRun>[]): void {
    const kept = this.#jobs.get(id);
    if (kept === undefined) throw new Error('no such job');
    kept.runs = kept.runs.map((run, index) => ({ ...run, startedAt: AT, endedAt: AT + 1500, ...changes[index] }));
    const countOf = (...wanted: TestRun['status'][]) => kept.runs.filter((run) => wanted.includes(run.status)).length;
    kept.job = {
      ...{ ...kept.job, status, startedAt: AT, endedAt: AT + 3000 },
      ...{ completed: kept.runs.length, passed: countOf('Pass'), failed: countOf('Fail', 'Error') },
    };
    kept.version += 1;
    for (const tell of this.#changed) tell();
    this.#changed.clear();
  }
}
