import type { MonotonicClock } from '../../shared/clock.ts';
import type { JobRunner } from './job-runner.ts';

interface Wait {
  readonly jobId: number;
  readonly clock: MonotonicClock;
  readonly withinMs: number;
  /** Aborted, it waits no longer. */
  readonly signal: AbortSignal;
}

/** A change that another process made is found within this time. */
const LOOK_EVERY_MS = 1000;

/** Resolves when a job may have changed, when it is time to look, or when the waiting is aborted. */
export const waitForChange = (
  runner: Pick<JobRunner, 'off' | 'on'>,
  { jobId, clock, withinMs, signal }: Wait,
): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      runner.off('changed', onChanged);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const onChanged = (id: number): void => {
      if (id === jobId) done();
    };
    const timer = clock.setTimer(Math.min(withinMs, LOOK_EVERY_MS), done);
    runner.on('changed', onChanged);
    signal.addEventListener('abort', done);
  });
