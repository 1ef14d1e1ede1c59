import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Administration } from '../app/administration.ts';
import { AppError } from '../shared/errors.ts';
import { userNamed } from './accounts.ts';
import type { CommandContext } from './command-context.ts';
import { NoServiceError, NotBegunError, UsageError } from './errors.ts';
import { JobProgress } from './job-progress.ts';
import { exitCodeOf, type Job, sayJob, type SeenJob } from './job-report.ts';
import type { Terminal } from './terminal.ts';

type Project = Awaited<ReturnType<Administration['jobs']['projects']>>[number];

interface RunOptions {
  readonly user?: string;
  readonly wait?: true;
  readonly junit?: string;
}

/**
 * The project that is meant, by its id or its name.
 * @throws UsageError when there is none, or more than one
 */
export const projectNamed = async (administration: Administration, text: string, user?: string): Promise<Project> => {
  const owner = user === undefined ? undefined : await userNamed(administration, user);
  const [project, ...others] = await administration.jobs.projectsNamed(text, owner?.id);
  const whose = user === undefined ? '' : ` of ${user}`;
  if (project === undefined) throw new UsageError(`There is no project ${text}${whose}.`);
  if (others.length === 0) return project;
  const found = [project, ...others].map(({ id, owner: { username } }) => `${id} of ${username}`);
  throw new UsageError(`More than one project is called ${text}: say which, by its id (${found.join(', ')}).`);
};

/** Nothing is begun whose report could not be written. */
const checkWritable = (file: string): void => {
  try {
    closeSync(openSync(file, 'a'));
  } catch (cause) {
    throw new UsageError(`--junit ${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
};

const refuseDisabled = async ({ stores }: Administration, { owner }: Project): Promise<void> => {
  const user = await stores.users.find(owner.userId);
  if (user?.status !== 'active') throw new NotBegunError(`${owner.username}, whose project it is, is disabled.`);
};

const queued = async ({ jobs }: Administration, project: Project): Promise<Job> => {
  try {
    return await jobs.queue(project);
  } catch (error) {
    if (error instanceof AppError) throw new NotBegunError(error.message, { cause: error });
    throw error;
  }
};

const gone = (job: Job): NoServiceError =>
  new NoServiceError(`The service has gone. Job ${job.id} is ${job.status} until it runs again.`);

/** Waits for the end of a job; Ctrl-C cancels it, and a second one ends the command. */
const follow = async ({ jobs }: Administration, terminal: Terminal, id: number): Promise<SeenJob> => {
  const progress = new JobProgress(terminal);
  const release = terminal.onInterrupt?.(() => {
    progress.say(`Job ${id} is being cancelled. Ctrl-C again leaves it alone.`);
    // What fails here shows itself where the job is looked at next.
    jobs.requestCancel(id).catch(() => undefined);
  });
  try {
    const { how, seen } = await jobs.follow(id, { onChange: (changed) => progress.show(changed) });
    if (how === 'no-service') throw gone(seen.job);
    return seen;
  } finally {
    progress.clear();
    release?.();
  }
};

/** `job run` */
export const addJobRun = (command: Command, context: CommandContext): void => {
  const { show, administer, terminal, exitWith } = context;
  command
    .command('run <project>')
    .description('run the test calls of a project, by its id or its name, in the name of its owner')
    .option('--user <username>', 'look among the projects of this user alone')
    .option('--wait', 'wait for the end: exits with 0 where all passed, 1 where some failed, 3 for an error')
    .option('--junit <file>', 'write a report for CI into this file, after the end')
    .action((name: string, { user, wait, junit }: RunOptions) =>
      administer(async (administration) => {
        const { jobs } = administration;
        if (junit !== undefined && wait !== true) throw new UsageError('--junit needs --wait.');
        const project = await projectNamed(administration, name, user);
        if (junit !== undefined) checkWritable(junit);
        await refuseDisabled(administration, project);
        if (!(await jobs.isServed())) {
          throw new NoServiceError('No service runs on this database, so nothing was begun: npx offhook serve.');
        }
        const job = await queued(administration, project);
        if (wait !== true) {
          show({ data: { id: job.id }, lines: [String(job.id)], said: [`Job ${job.id} is queued.`] });
          return;
        }
        terminal.say(`Job ${job.id} is queued.`);
        const seen = await follow(administration, terminal, job.id);
        if (junit !== undefined) writeFileSync(junit, jobs.writeJunit(seen));
        show({ data: jobs.representWhole(seen), lines: [sayJob(seen.job)] });
        exitWith(exitCodeOf(seen));
      }),
    );
};
