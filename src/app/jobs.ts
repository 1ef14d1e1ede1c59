import type { CallAdmission } from '../calls/call-admission.ts';
import type { CallService } from '../calls/call-service.ts';
import { JobRunner } from '../features/jobs/job-runner.ts';
import { JobService } from '../features/jobs/job-service.ts';
import type { AnalysisThread } from '../media/analysis/analysis-thread.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Stores } from '../storage/stores.ts';
import { ensureSandboxTour } from './sandbox-tour.ts';

export interface JobsParts {
  readonly calls: CallService;
  readonly stores: Pick<Stores, 'jobs' | 'users'>;
  /** Reads the sounds that are uploaded. */
  readonly analysis: Pick<AnalysisThread, 'readWav'>;
  /** Whether its demo user gets a project to look at. */
  readonly sandbox: boolean;
  /** Runs wait where calls that people place would be refused. */
  readonly admission: Pick<CallAdmission, 'isOverloaded'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Projects of test calls, and what carries them out. */
export interface Jobs {
  readonly service: JobService;
  /** Starts the runner: what was queued goes on, and what was due meanwhile runs. */
  readonly start: () => Promise<void>;
  /** Ends what is under way, also where it was never started. To be called before the calls are ended. */
  readonly close: () => Promise<void>;
}

/** Composes them; nothing is carried out before `start`. */
export const openJobs = ({ calls, stores, analysis, sandbox, admission, clock, log }: JobsParts): Jobs => {
  const { jobs: store, users } = stores;
  const isActive = async (userId: string): Promise<boolean> => (await users.find(userId))?.status === 'active';
  const hasRoom = (): boolean => !admission.isOverloaded;
  const runner = new JobRunner({ store, calls, hasRoom, isActive, clock, log });
  const readWav = analysis.readWav.bind(analysis);
  return {
    service: new JobService({ store, calls, runner, readWav, clock }),
    start: async () => {
      if (sandbox) await ensureSandboxTour({ jobs: store, users, clock });
      await runner.start();
    },
    close: () => runner.stop(),
  };
};
