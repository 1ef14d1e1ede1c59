import type { HeardAudio, StepResult } from '../../calls/test-call.ts';
import type { Script } from './script.ts';

/*
 * A project is a list of scripts; a job is one run of a project; a test run is one script in a job: a call with a verdict.
 * Ids are numbers that grow. Times are milliseconds since the epoch.
 */

export interface ProjectOwner {
  readonly userId: string;
  readonly username: string;
}

/** What its owner says of a project. */
export interface ProjectDraft {
  readonly name: string;
  readonly scripts: readonly Script[];
  /** How many of its scripts run at the same time: 1 to 50. */
  readonly parallel: number;
  /** A cron expression of five fields; null: it is started by hand. */
  readonly schedule: string | null;
  /** An IANA time zone, in which the schedule is read. */
  readonly timeZone: string;
}

export interface Project extends ProjectDraft {
  readonly id: number;
  readonly owner: ProjectOwner;
  readonly createdAt: number;
  readonly changedAt: number;
  /** When the schedule starts a job next; null without a schedule. */
  readonly nextRunAt: number | null;
}

/** A project as the list shows it. */
export interface ProjectSummary {
  readonly project: Project;
  readonly lastJob: { readonly id: number; readonly status: JobStatus } | null;
}

/** `queued` ─▶ `running` ─▶ `finished` or `cancelled`; a job that is queued may be cancelled too. */
export type JobStatus = 'queued' | 'running' | 'finished' | 'cancelled';

/** Who had a job begun. */
export type JobOrigin = 'user' | 'schedule' | 'restart' | 'command';

export interface Job {
  readonly id: number;
  readonly projectId: number;
  /** As it was when the job was made; so are the scripts of its runs. */
  readonly projectName: string;
  readonly owner: ProjectOwner;
  /** The application that had it begun; calls are placed in its name. */
  readonly clientId: string;
  readonly origin: JobOrigin;
  /** The job that it repeats. */
  readonly restartOf: number | null;
  readonly status: JobStatus;
  readonly parallel: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly totalScripts: number;
  readonly completed: number;
  readonly passed: number;
  /** `Fail` and `Error`. */
  readonly failed: number;
  /** Grows with each change of the job and of its runs. */
  readonly version: number;
}

/** `Error` is a fault of ours; what the far end does is `Pass` or `Fail`. */
export type RunStatus = 'Pending' | 'Running' | 'Pass' | 'Fail' | 'Error' | 'Cancelled';

/** What was expected, and what was seen. */
export interface ExpectationResult {
  /** The field of `expect`, or `steps[3].expect_dtmf`. */
  readonly name: string;
  readonly expected: string | number;
  /** Null: there was nothing to see, as the level of a call that was not answered. */
  readonly seen: string | number | null;
  readonly verdict: 'Pass' | 'Fail';
}

/** What came of a test run: of its last try, where it was tried again. */
export interface RunResult {
  readonly expectations: readonly ExpectationResult[];
  readonly heard: HeardAudio | null;
  readonly digits: string;
  readonly steps: readonly StepResult[];
  /** Milliseconds; see `TestReport`. */
  readonly postDialMs: number | null;
  readonly answerMs: number | null;
  readonly talkMs: number | null;
}

export interface TestRun {
  readonly id: number;
  readonly jobId: number;
  /** From 0: the place of its script in the project. */
  readonly position: number;
  readonly script: Script;
  readonly status: RunStatus;
  /** Of `Error` and `Cancelled`: a stable word of ours, such as `service-restarted`. */
  readonly reason: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** The call of its last try. */
  readonly tokenCall: string | null;
  /** How often it was tried again. */
  readonly retries: number;
  readonly result: RunResult | null;
}

/** An uploaded sound: linear PCM of 16 bits, 8000 samples a second. */
export interface Sound {
  readonly name: string;
  readonly durationMs: number;
  /** Of the file that was uploaded. */
  readonly bytes: number;
  readonly changedAt: number;
}

/** Whether a job will not change any more. */
export const isOver = ({ status }: Pick<Job, 'status'>): boolean => status === 'finished' || status === 'cancelled';
