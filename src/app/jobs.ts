import type { CallService } from '../calls/call-service.ts';
import { JobRunner } from '../features/jobs/job-runner.ts';
import { JobService } from '../features/jobs/job-service.ts';
import { readWav } from '../media/wav.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Stores } from '../storage/stores.ts';
import { ensureSandboxTour } from './sandbox-tour.ts';

export interface JobsParts {
  readonly calls: CallService;
  readonly stores: Pick<Stores, 'jobs' | 'users'>;
  /** Whether its demo user gets a project to look at. */
  readonly sandbox: boolean;
  /** Whether a call could be placed now, beside those that people place. */
  readonly hasRoom: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Projects of test calls, and what carries them out. */
export interface RunningJobs {
  readonly service: JobService;
  /** Ends what is under way. To be called before the calls are ended. */
  readonly close: () => Promise<void>;
}

/** Starts the runner: what was queued goes on, and what was due meanwhile runs. */
export const startJobs = async ({ calls, stores, sandbox, hasRoom, clock, log }: JobsParts): Promise<RunningJobs> => {
  const { jobs: store, users } = stores;
  const isActive = async (userId: string): Promise<boolean> => (await users.find(userId))?.status === 'active';
  const runner = new JobRunner({ store, calls, hasRoom, isActive, clock, log });
  const service = new JobService({ store, calls, runner, readWav, clock });
  if (sandbox) await ensureSandboxTour({ jobs: store, users, clock });
  await runner.start();
  return { service, close: () => runner.stop() };
};
