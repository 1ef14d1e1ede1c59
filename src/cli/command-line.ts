import { Command, CommanderError } from 'commander';
import { openAdministration } from '../compose.ts';
import { ConfigError, readConfig } from '../config.ts';
import { AppError } from '../shared/errors.ts';
import { UsageError, type Administer } from './administer.ts';
import { addClientCommands } from './client-commands.ts';
import { addPhoneCommands } from './phone-commands.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { addTokenCommands } from './token-commands.ts';
import { addUserCommands } from './user-commands.ts';

const administer: Administer = async (work) => {
  const administration = await openAdministration(readConfig());
  try {
    await work(administration);
  } finally {
    await administration.close();
  }
};

const createProgram = (terminal: Terminal): Command => {
  const program = new Command('offhook')
    .description('Places, watches and stops telephone calls on behalf of users who consented (OAuth 2.0).')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    });
  program
    .command('serve')
    .description('run the service until a signal ends it')
    .action(() => serve(terminal));
  program
    .command('migrate')
    .description('bring the database up to date, as each start does')
    .action(() => administer(() => Promise.resolve(terminal.say('The database is up to date.'))));
  addUserCommands(program, terminal, administer);
  addClientCommands(program, terminal, administer);
  addPhoneCommands(program, terminal, administer);
  addTokenCommands(program, terminal, administer);
  return program;
};

const isExpected = (error: unknown): error is Error =>
  error instanceof AppError || error instanceof ConfigError || error instanceof UsageError;

/** What the system says of a port that is taken, or a file that cannot be opened, needs no stack. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';

/** @returns the exit code: 0, 1 for what failed, 2 for words that were not understood */
export const runCommandLine = async (words: readonly string[], terminal: Terminal): Promise<number> => {
  try {
    await createProgram(terminal).parseAsync([...words], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (isExpected(error) || isSystemError(error)) terminal.say(`offhook: ${error.message}`);
    else terminal.say(`offhook: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
};
