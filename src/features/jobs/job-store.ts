import type { Job, JobOrigin, JobStatus, Project, ProjectDraft, ProjectOwner, Sound, TestRun } from './model.ts';
import type { Script } from './script.ts';

/** A job that is to be queued, with its scripts as they are now. */
export interface NewJob {
  readonly projectId: number;
  readonly projectName: string;
  readonly owner: ProjectOwner;
  readonly clientId: string;
  readonly origin: JobOrigin;
  readonly restartOf: number | null;
  readonly parallel: number;
  readonly scripts: readonly Script[];
  readonly createdAt: number;
}

/** What of a test run changes while it runs. */
export type RunChange = Pick<
  TestRun,
  'id' | 'status' | 'reason' | 'startedAt' | 'endedAt' | 'tokenCall' | 'retries' | 'result'
>;

/** A schedule that was due, and when it is due next. */
export interface ScheduleDue {
  readonly dueAt: number;
  readonly nextRunAt: number | null;
}

export interface JobQueryInStore {
  readonly userId?: string | undefined;
  readonly projectId?: number | undefined;
  readonly status?: JobStatus | undefined;
  /** With a smaller id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A sound as it was uploaded, and as it is played. */
export interface SoundContent {
  readonly file: Uint8Array;
  readonly pcm: Int16Array;
}

export interface StoredSound extends SoundContent {
  readonly sound: Sound;
}

/**
 * PORT: projects, jobs, test runs and sounds. What a promise promised is committed. Counts of a job (`completed`, ...) are
 * those of its runs at every moment.
 */
export interface JobStore {
  /** Nothing is stored, and undefined returned, where the owner has `most` already, which is looked at in the same commit. */
  insertProject(
    owner: ProjectOwner,
    draft: ProjectDraft,
    options: { readonly at: number; readonly nextRunAt: number | null; readonly most: number },
  ): Promise<Project | undefined>;
  updateProject(id: number, draft: ProjectDraft, at: number, nextRunAt: number | null): Promise<void>;
  /** It is shown no more and starts nothing; its jobs stay. */
  deleteProject(id: number, at: number): Promise<void>;
  project(id: number): Promise<Project | undefined>;
  /** Oldest first; of one user, or of all. */
  projects(userId?: string): Promise<readonly Project[]>;
  /** Whether a user has a project, or had one. */
  hasHadProject(userId: string): Promise<boolean>;
  /** The newest job of each project. */
  lastJobs(
    projectIds: readonly number[],
  ): Promise<ReadonlyMap<number, { readonly id: number; readonly status: JobStatus }>>;
  /** Projects whose schedule was due by then, of users who are not disabled. */
  dueProjects(at: number): Promise<readonly Project[]>;

  /** Queues a job. With `schedule`, in the same commit the project's next run, and nothing where it is not due any more. */
  insertJob(job: NewJob, schedule?: ScheduleDue): Promise<Job | undefined>;
  /** A schedule that was due starts nothing this time. */
  skipDue(projectId: number, schedule: ScheduleDue): Promise<void>;
  job(id: number): Promise<Job | undefined>;
  /** In the order of the scripts. */
  runs(jobId: number): Promise<readonly TestRun[]>;
  run(id: number): Promise<TestRun | undefined>;
  /** Newest first. */
  jobs(query: JobQueryInStore): Promise<readonly Job[]>;
  /** Queued and running ones, oldest first. */
  openJobs(): Promise<readonly Job[]>;
  /** Those of the open jobs that somebody wants to cancel. */
  cancelRequests(): Promise<readonly number[]>;
  requestCancel(id: number): Promise<void>;

  startJob(id: number, at: number): Promise<void>;
  changeRun(change: RunChange): Promise<void>;
  /** Ends a job, and those of its runs that are pending as `Cancelled` where it was cancelled. */
  endJob(id: number, status: 'finished' | 'cancelled', at: number): Promise<void>;
  /** Ends what was running when the service ended. @returns the runs */
  interruptRuns(reason: string, at: number): Promise<readonly TestRun[]>;

  sounds(userId: string): Promise<readonly Sound[]>;
  sound(userId: string, name: string): Promise<StoredSound | undefined>;
  /**
   * Stores a sound, or replaces the one of that name.
   * @returns false where nothing was stored, for the user has `most` others, which is looked at in the same commit
   */
  putSound(userId: string, sound: Sound, content: SoundContent, most: number): Promise<boolean>;
  deleteSound(userId: string, name: string): Promise<boolean>;
}
