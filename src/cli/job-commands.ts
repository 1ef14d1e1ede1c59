import type { Command } from 'commander';
import { userNamed } from './accounts.ts';
import { type CommandContext, formatPairs, isoTime } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { jobColumns, jobRow, type Jobs, sayJob, sayRun, type SeenJob } from './job-report.ts';
import { addJobRun, projectNamed } from './job-run.ts';
import { formatTable } from './terminal.ts';

const LISTED = 50;
const CANCELLED_WITHIN_MS = 10_000;

const idOf = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError('The id of a job is a number.');
  return Number(text);
};

const jobWith = async (jobs: Jobs, text: string): Promise<SeenJob> => {
  const seen = await jobs.find(idOf(text));
  if (seen === undefined) throw new RefusedError(`There is no job ${text}.`);
  return seen;
};

const describe = ({ job, runs }: SeenJob): readonly string[] => [
  ...formatPairs({
    job: job.id,
    project: `${job.projectName} (${job.projectId})`,
    owner: job.owner.username,
    status: job.status,
    origin: job.origin,
    'repeats job': job.restartOf ?? undefined,
    queued: isoTime(job.createdAt) ?? undefined,
    started: isoTime(job.startedAt) ?? undefined,
    ended: isoTime(job.endedAt) ?? undefined,
    passed: `${job.passed} of ${job.totalScripts}`,
  }),
  ...runs.map((run) => `${String(run.id)}  ${sayRun(run)}`),
];

const addReads = (command: Command, { show, administer }: CommandContext): void => {
  command
    .command('list')
    .description(`the newest ${LISTED} jobs`)
    .option('--project <project>', 'those of one project, by its id or its name')
    .option('--user <username>', 'those of one user')
    .action(({ project, user }: { project?: string; user?: string }) =>
      administer(async (administration) => {
        const owner = user === undefined ? undefined : await userNamed(administration, user);
        const of = project === undefined ? undefined : await projectNamed(administration, project, user);
        const { jobs } = administration;
        const found = await jobs.jobs({ userId: owner?.id, projectId: of?.id, limit: LISTED });
        show({
          data: found.map((job) => jobs.represent(job)),
          lines: [formatTable([jobColumns, ...found.map(jobRow)])],
        });
      }),
    );

  command
    .command('show <id>')
    .description('a job with its runs, and what was other than expected')
    .action((id: string) =>
      administer(async ({ jobs }) => {
        const seen = await jobWith(jobs, id);
        show({ data: jobs.representWhole(seen), lines: describe(seen) });
      }),
    );
};

const addCancel = (command: Command, { show, administer }: CommandContext): void => {
  command
    .command('cancel <id>')
    .description('end a job and its calls, and wait until it has ended')
    .action((text: string) =>
      administer(async ({ jobs }) => {
        const { job: before } = await jobWith(jobs, text);
        await jobs.requestCancel(before.id);
        const seen = await jobs.waitForEnd(before.id, CANCELLED_WITHIN_MS);
        const { job } = seen;
        if (job.endedAt === null) {
          throw new RefusedError('The job is to end, but no service has ended it yet. It does once it runs.');
        }
        const said = before.endedAt === null ? sayJob(job) : `The job was over already: ${job.status}.`;
        show({ data: jobs.representWhole(seen), said: [said] });
      }),
    );
};

/** `job run | list | show | cancel` */
export const addJobCommands = (program: Command, context: CommandContext): void => {
  const command = program.command('job').description('runs of projects of test calls');
  addJobRun(command, context);
  addReads(command, context);
  addCancel(command, context);
};
