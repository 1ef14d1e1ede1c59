import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { userNamed } from './accounts.ts';
import { type CommandContext, isoTime } from './command-context.ts';
import { UsageError } from './errors.ts';
import { projectNamed } from './job-run.ts';
import { formatTable } from './terminal.ts';

const readJson = (file: string): unknown => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
};

const columns = ['PROJECT', 'NAME', 'OWNER', 'SCRIPTS', 'SCHEDULE', 'NEXT RUN'];

const addReads = (command: Command, { show, administer }: CommandContext): void => {
  command
    .command('list')
    .description('the projects of all users, or of one')
    .option('--user <username>', 'those of one user')
    .action(({ user }: { user?: string }) =>
      administer(async (administration) => {
        const { jobs } = administration;
        const owner = user === undefined ? undefined : await userNamed(administration, user);
        const projects = await jobs.projects(owner?.id);
        const rows = projects.map(({ id, name, owner: { username }, scripts, schedule, nextRunAt }) => [
          ...[String(id), name, username, String(scripts.length), schedule ?? '', isoTime(nextRunAt) ?? ''],
        ]);
        show({ data: await jobs.representProjects(projects), lines: [formatTable([columns, ...rows])] });
      }),
    );

  command
    .command('export <id>')
    .description('print a project as the API shows it, to be kept or imported elsewhere')
    .action((id: string) =>
      administer(async (administration) => {
        const project = await projectNamed(administration, id);
        const [data = {}] = await administration.jobs.representProjects([project]);
        show({ data, lines: [JSON.stringify(data, null, 2)] });
      }),
    );
};

/** `project list | export | import` */
export const addProjectCommands = (program: Command, context: CommandContext): void => {
  const { show, administer } = context;
  const command = program.command('project').description('lists of test calls');
  addReads(command, context);
  command
    .command('import <file>')
    .description('make a project of a file of JSON, as an export or the API has it')
    .requiredOption('--user <username>', 'whose project it becomes')
    .action((file: string, { user }: { user: string }) =>
      administer(async (administration) => {
        const { jobs } = administration;
        const { id: userId, username } = await userNamed(administration, user);
        const project = await jobs.importProject({ userId, username }, readJson(file));
        const [data = {}] = await jobs.representProjects([project]);
        show({ data, lines: [String(project.id)], said: [`Project ${project.id} is made: ${project.name}.`] });
      }),
    );
};
