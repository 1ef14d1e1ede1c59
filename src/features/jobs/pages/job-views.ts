import { isoTime } from '../../../web/page/page-data.ts';
import type { JobProgressView, JobRowView, RunRowView } from '../../../web/page/project-page-data.ts';
import type { JobWithRuns } from '../job-service.ts';
import { isOver, type Job, type Project, type TestRun } from '../model.ts';
import { nextRuns } from '../schedule.ts';
import { jobBadge, originWords, runBadge } from './badges.ts';
import { PROJECTS } from './page-parts.ts';

export const jobAddress = ({ projectId, id }: Pick<Job, 'projectId' | 'id'>): string =>
  `${PROJECTS}/${projectId}/jobs/${id}`;

/** Milliseconds as people read them. */
export const duration = (ms: number | null): string => {
  if (ms === null) return '–';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
};

export const jobRow = (job: Job): JobRowView => ({
  id: job.id,
  address: jobAddress(job),
  badge: jobBadge(job),
  origin: originWords(job),
  started_at: job.startedAt === null ? null : isoTime(job.startedAt),
  passed: job.passed,
  failed: job.failed,
  total: job.totalScripts,
});

const runRow = ({ id, script, status, startedAt, endedAt, retries }: TestRun): RunRowView => ({
  id,
  name: script.name,
  number: script.number,
  badge: runBadge(status),
  took: duration(startedAt === null || endedAt === null ? null : endedAt - startedAt),
  retries,
});

export const progressOf = ({ job, runs }: JobWithRuns): JobProgressView => ({
  version: job.version,
  over: isOver(job),
  badge: jobBadge(job),
  completed: job.completed,
  total: job.totalScripts,
  passed: job.passed,
  failed: job.failed,
  runs: runs.map(runRow),
});

const SHOWN_RUNS = 3;

/** A date as its time zone has it: "Sun 29 Nov 2026, 03:00". */
const inWords = (at: number, timeZone: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit' },
  }).format(at);

/** The next times of a schedule, in words; none where it cannot be read. */
export const nextRunsInWords = (schedule: Pick<Project, 'schedule' | 'timeZone'>, after: number): readonly string[] => {
  try {
    return nextRuns(schedule, { after, count: SHOWN_RUNS }).map((at) => inWords(at, schedule.timeZone));
  } catch {
    return [];
  }
};

/** As IANA names them; UTC first. */
export const timeZones: readonly string[] = [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'),
];
