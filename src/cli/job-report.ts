import type { Administration } from '../app/administration.ts';
import { isoTime } from './command-context.ts';

export type Jobs = Administration['jobs'];
export type SeenJob = NonNullable<Awaited<ReturnType<Jobs['find']>>>;
export type Job = SeenJob['job'];
type Run = SeenJob['runs'][number];

/** What a job comes to, for a program that waits for it. */
export const exitCodeOf = ({ job, runs }: SeenJob): 0 | 1 | 3 => {
  if (job.status === 'cancelled' || runs.some(({ status }) => status === 'Error' || status === 'Cancelled')) return 3;
  return runs.some(({ status }) => status === 'Fail') ? 1 : 0;
};

const mistakesOf = ({ result }: Run): readonly string[] =>
  (result?.expectations ?? [])
    .filter(({ verdict }) => verdict === 'Fail')
    .map(({ name, expected, seen }) => `${name} expected ${expected}, seen ${seen ?? 'nothing'}`);

/** `Fail  is busy  +12025550101: outcome expected completed, seen busy` */
export const sayRun = (run: Run): string => {
  const why = [...(run.reason === null ? [] : [run.reason]), ...mistakesOf(run)].join('; ');
  const words = `${run.status.padEnd(9)}  ${run.script.name}  ${run.script.number}`;
  return why === '' ? words : `${words}: ${why}`;
};

/** `Job 7 of Nightly is finished: 3 of 4 passed.` */
export const sayJob = ({ id, projectName, status, passed, totalScripts }: Job): string =>
  `Job ${id} of ${projectName} is ${status}: ${passed} of ${totalScripts} passed.`;

/** A row for each job. */
export const jobRow = (job: Job): readonly string[] => [
  ...[String(job.id), job.projectName, job.status, `${job.completed}/${job.totalScripts}`, String(job.passed)],
  ...[String(job.failed), isoTime(job.startedAt) ?? '', isoTime(job.endedAt) ?? ''],
];

export const jobColumns = ['JOB', 'PROJECT', 'STATUS', 'DONE', 'PASSED', 'FAILED', 'STARTED', 'ENDED'];
