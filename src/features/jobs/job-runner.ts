import type { Requester } from '../../calls/call-command.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { TypedEmitter } from '../../shared/events.ts';
import type { Log } from '../../shared/log.ts';
import type { JobStore, RunChange } from './job-store.ts';
import type { Job, Project, TestRun } from './model.ts';
import { type Interruption, RunExecution, type RunExecutionParts } from './run-execution.ts';
import { nextRun } from './schedule.ts';

export interface JobRunnerOptions extends Pick<RunExecutionParts, 'calls' | 'hasRoom'> {
  readonly store: JobStore;
  /** Whether calls may be placed for a user: who is disabled places none. */
  readonly isActive: (userId: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface JobRunnerEvents {
  /** A job has changed, or one of its runs. */
  changed: [jobId: number];
}

/** How often it is looked for what others have written: a command on the same machine is another process. */
const LOOK_EVERY_MS = 1000;
const STORE_AGAIN_MS = 1000;
/** Of all jobs together: each is a stream of audio that is heard. */
const MOST_RUNS = 50;
/** In whose name a schedule has calls placed. */
export const SCHEDULER = 'offhook';

interface ActiveJob {
  readonly job: Job;
  readonly executions: Set<RunExecution>;
  pending: readonly TestRun[];
  interruption: Interruption | undefined;
}

/**
 * Carries jobs out, in the order in which they were queued: one at a time of each project, so many of its runs at once as the
 * project says. What it does is stored before and after; what a crash has left under way ends as `Error` with the next start,
 * and the rest goes on.
 */
export class JobRunner extends TypedEmitter<JobRunnerEvents> {
  readonly #options: JobRunnerOptions;
  readonly #active = new Map<number, ActiveJob>();
  readonly #settling = new Map<ActiveJob, Promise<void>>();
  readonly #onIdle = new Map<ActiveJob, () => void>();
  #look: Timer | undefined;
  #round: Promise<void> | undefined;
  #isHinted = false;
  #state: 'new' | 'running' | 'stopping' = 'new';

  constructor(options: JobRunnerOptions) {
    super();
    this.#options = options;
  }

  /** Ends what a crash left under way, then carries out what is queued. Nothing is carried out before it. */
  async start(): Promise<void> {
    const { store, clock, log } = this.#options;
    const interrupted = await store.interruptRuns('service-restarted', clock.now());
    if (interrupted.length > 0)
      log.warn({ test_runs: interrupted.length }, 'test runs that the end of the service cut off were ended');
    if (this.#state === 'new') this.#state = 'running';
    this.hint();
  }

  /** Something was queued or is to be cancelled. */
  hint(): void {
    if (this.#state !== 'running') return;
    this.#isHinted = true;
    this.#round ??= this.#goRound();
  }

  /** Ends what is under way as `Error`; what is pending goes on after the next start. Idempotent. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    this.#look?.cancel();
    this.#interruptAll();
    await this.#round;
    // A round that was under way may have begun a job since.
    this.#interruptAll();
    await Promise.all(this.#settling.values());
  }

  async #goRound(): Promise<void> {
    this.#look?.cancel();
    while (this.#isHinted && !this.#isStopping()) {
      this.#isHinted = false;
      try {
        await this.#startDue();
        await this.#cancelWanted();
        await this.#startQueued();
      } catch (error) {
        this.#options.log.warn({ err: error }, 'jobs of test calls wait for the database');
      }
    }
    this.#round = undefined;
    if (this.#isStopping()) return;
    this.#look = this.#options.clock.setTimer(LOOK_EVERY_MS, () => this.hint());
  }

  async #startDue(): Promise<void> {
    const { store, clock } = this.#options;
    for (const project of await store.dueProjects(clock.now())) await this.#startScheduled(project);
  }

  /** However often it was due while the service was down, it runs once. */
  async #startScheduled(project: Project): Promise<void> {
    const { store, clock, log } = this.#options;
    const { id, name, owner, parallel, scripts, nextRunAt: dueAt } = project;
    if (dueAt === null) return;
    const now = clock.now();
    const due = { dueAt, nextRunAt: this.#nextRunOf(project, now) };
    const open = await store.openJobs();
    if (
      open.some(({ projectId, origin, status }) => projectId === id && origin === 'schedule' && status === 'queued')
    ) {
      log.warn({ project: id }, 'a schedule was skipped: its last job is still queued');
      await store.skipDue(id, due);
      return;
    }
    const job = { projectId: id, projectName: name, owner, clientId: SCHEDULER, parallel, scripts, createdAt: now };
    await store.insertJob({ ...job, origin: 'schedule', restartOf: null }, due);
  }

  /** A schedule that can be read no more, as after an update of the time zones, ends: it must not keep the others waiting. */
  #nextRunOf(project: Project, now: number): number | null {
    try {
      return nextRun(project, now);
    } catch (error) {
      this.#options.log.error({ err: error, project: project.id }, 'a schedule cannot be read any more, and has ended');
      return null;
    }
  }

  async #cancelWanted(): Promise<void> {
    const { store, clock } = this.#options;
    for (const id of await store.cancelRequests()) {
      const active = this.#active.get(id);
      if (active !== undefined) this.#interrupt(active, 'cancelled');
      else {
        await store.endJob(id, 'cancelled', clock.now());
        this.emit('changed', id);
      }
    }
  }

  async #startQueued(): Promise<void> {
    const open = await this.#options.store.openJobs();
    const known = new Set(open.map(({ id }) => id));
    for (const active of this.#active.values()) {
      // Its user was deleted, and it with him.
      if (!known.has(active.job.id)) this.#interrupt(active, 'cancelled');
    }
    for (const job of open) {
      const isBusy = [...this.#active.values()].some(({ job: { projectId } }) => projectId === job.projectId);
      if (!isBusy) await this.#begin(job);
    }
    this.#fill();
  }

  async #begin(job: Job): Promise<void> {
    const { store, clock } = this.#options;
    await store.startJob(job.id, clock.now());
    const runs = await store.runs(job.id);
    const pending = runs.filter(({ status }) => status === 'Pending');
    const active: ActiveJob = { job, executions: new Set(), pending, interruption: undefined };
    this.#active.set(job.id, active);
    this.#settling.set(active, this.#carryOut(active));
    this.emit('changed', job.id);
  }

  /** Until no run is left. */
  async #carryOut(active: ActiveJob): Promise<void> {
    const { store, clock, log } = this.#options;
    const { id } = active.job;
    await new Promise<void>((resolve) => {
      this.#onIdle.set(active, resolve);
      this.#fill();
    });
    this.#onIdle.delete(active);
    if (active.interruption !== 'service-stopped') {
      const status = active.interruption === undefined ? 'finished' : 'cancelled';
      await this.#persist(() => store.endJob(id, status, clock.now()));
      log.info({ job: id, project: active.job.projectId, status }, 'a job of test calls ended');
    }
    this.#active.delete(id);
    this.#settling.delete(active);
    this.emit('changed', id);
    this.hint();
  }

  #interruptAll(): void {
    for (const active of this.#active.values()) this.#interrupt(active, 'service-stopped');
  }

  #interrupt(active: ActiveJob, interruption: Interruption): void {
    active.interruption ??= interruption;
    for (const execution of active.executions) execution.interrupt(interruption);
    this.#fill();
  }

  /** As many runs as there is room for, those of a job in their order. */
  #fill(): void {
    for (let active = this.#nextToRun(); active !== undefined; active = this.#nextToRun()) {
      const [run, ...rest] = active.pending;
      if (run === undefined) break;
      active.pending = rest;
      void this.#carryOutRun(active, run);
    }
    for (const active of this.#active.values()) {
      const isDone = active.executions.size === 0 && (active.pending.length === 0 || active.interruption !== undefined);
      if (isDone) this.#onIdle.get(active)?.();
    }
  }

  /** The job with the fewest runs under way, the oldest of several: a long one keeps no other out. */
  #nextToRun(): ActiveJob | undefined {
    const jobs = [...this.#active.values()];
    const underWay = jobs.reduce((sum, { executions: { size } }) => sum + size, 0);
    if (this.#isStopping() || underWay >= MOST_RUNS) return undefined;
    const [first] = jobs.filter(mayRun).sort((one, other) => one.executions.size - other.executions.size);
    return first;
  }

  async #carryOutRun(active: ActiveJob, run: TestRun): Promise<void> {
    const { job } = active;
    const execution = new RunExecution(this.#partsOf(job), run, requesterOf(job));
    active.executions.add(execution);
    const isActive = await this.#options.isActive(job.owner.userId).catch(() => true);
    if (isActive) await execution.carryOut();
    else await this.#refuse(job, run);
    active.executions.delete(execution);
    this.#fill();
  }

  async #refuse(job: Job, run: TestRun): Promise<void> {
    const now = this.#options.clock.now();
    const ended = { status: 'Error', reason: 'user-disabled', startedAt: now, endedAt: now } as const;
    await this.#partsOf(job).store({ ...run, ...ended });
  }

  #partsOf(job: Job): RunExecutionParts {
    const { calls, hasRoom, store, clock, log } = this.#options;
    return {
      ...{ calls, hasRoom, clock, log },
      store: async (change: RunChange) => {
        await this.#persist(() => store.changeRun(change));
        this.emit('changed', job.id);
      },
      readSound: async (name) => (await store.sound(job.owner.userId, name))?.pcm,
    };
  }

  /** What is to be stored is tried again for as long as the service lives. */
  async #persist(write: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    for (let failures = 0; ; failures += 1) {
      try {
        await write();
        return;
      } catch (error) {
        if (failures === 0)
          log.error({ err: error }, 'what became of a test run could not be stored: it is tried again');
        if (this.#isStopping()) return;
        await new Promise<void>((resolve) => clock.setTimer(STORE_AGAIN_MS, resolve));
      }
    }
  }

  #isStopping(): boolean {
    return this.#state === 'stopping';
  }
}

const mayRun = ({ executions, interruption, job, pending }: ActiveJob): boolean =>
  interruption === undefined && pending.length > 0 && executions.size < job.parallel;

const requesterOf = ({ owner, clientId }: Job): Requester => ({ ...owner, clientId, scope: 'own' });
