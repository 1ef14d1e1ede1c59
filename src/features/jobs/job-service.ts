import type { Job, JobStatus, Project, ProjectDraft, ProjectSummary, Sound, TestRun } from './model.ts';

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
  /** A new job with the scripts as they were in that one. @throws JobUnderWayError while that one is queued or running */
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
  /** @throws InvalidSoundError where the file is no WAV that can be read, or too long */
  putSound(actor: Actor, name: string, file: Uint8Array): Promise<Sound>;
  deleteSound(actor: Actor, name: string): Promise<void>;
}
