import type { BadgeView } from '../../../web/page/project-page-data.ts';
import type { Job, JobOrigin, RunStatus } from '../model.ts';

const runBadges: Readonly<Record<RunStatus, BadgeView>> = {
  Pending: { kind: 'waiting', word: 'Pending' },
  Running: { kind: 'active', word: 'Running' },
  Pass: { kind: 'good', word: 'Pass' },
  Fail: { kind: 'bad', word: 'Fail' },
  Error: { kind: 'fault', word: 'Error' },
  Cancelled: { kind: 'over', word: 'Cancelled' },
};

export const runBadge = (status: RunStatus): BadgeView => runBadges[status];

/** A job that is over is as good as its runs. */
export const jobBadge = (job: Pick<Job, 'status' | 'failed'>): BadgeView => {
  if (job.status === 'queued') return { kind: 'waiting', word: 'Queued' };
  if (job.status === 'running') return { kind: 'active', word: 'Running' };
  if (job.status === 'cancelled') return { kind: 'over', word: 'Cancelled' };
  return job.failed === 0 ? { kind: 'good', word: 'Passed' } : { kind: 'bad', word: `${job.failed} failed` };
};

const origins: Readonly<Record<JobOrigin, string>> = {
  user: 'by hand',
  schedule: 'by its schedule',
  restart: 'again',
  command: 'by a command',
};

export const originWords = ({ origin, restartOf }: Pick<Job, 'origin' | 'restartOf'>): string =>
  restartOf === null ? origins[origin] : `${origins[origin]}, as job ${restartOf}`;
