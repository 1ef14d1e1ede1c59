import { inspect, types } from 'node:util';
import { Command, CommanderError, Option } from 'commander';
import { migrateDatabase, openAdministration } from '../app/administration.ts';
import { ConfigError, readConfig } from '../config/config.ts';
import { AppError } from '../shared/errors.ts';
import { addBackupCommand } from './backup-command.ts';
import { addCallCommands } from './call-commands.ts';
import { addClientCommands } from './client-commands.ts';
import { answerOn, type CommandContext } from './command-context.ts';
import { addCompletionCommand } from './completion-command.ts';
import { addConfigCommands } from './config-commands.ts';
import { RefusedError, UsageError } from './errors.ts';
import { addJobCommands } from './job-commands.ts';
import { addKeyCommands } from './key-commands.ts';
import { addPhoneCommands } from './phone-commands.ts';
import { addProjectCommands } from './project-commands.ts';
import { addRouteCommand } from './route-command.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { addTokenCommands } from './token-commands.ts';
import { addUserCommands } from './user-commands.ts';
import { programVersion } from './version.ts';
import { addWebhookCommands } from './webhook-commands.ts';

const administer: CommandContext['administer'] = async (work) => {
  const administration = await openAdministration(readConfig());
  try {
    await work(administration);
  } finally {
    await administration.close();
  }
};

const createProgram = (terminal: Terminal, exitWith: CommandContext['exitWith']): Command => {
  const program = new Command('offhook')
    .description('Places, watches and stops telephone calls on behalf of users who consented (OAuth 2.0).')
    .version(programVersion(), '--version', 'the version of the program')
    .addOption(new Option('--json', 'answer as JSON: one object or one list'))
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    });
  const wantsJson = (): boolean => program.opts<{ json?: true }>().json === true;
  const show = answerOn(terminal, wantsJson);
  addCommands(program, { terminal, show, exitWith, config: () => readConfig(), administer });
  return program;
};

const addCommands = (program: Command, context: CommandContext): void => {
  const { terminal, show, config } = context;
  program
    .command('serve')
    .description('run the service until a signal ends it')
    .action(() => serve(terminal));
  program
    .command('migrate')
    .description('bring the database up to date, as each start does')
    .action(async () => {
      await migrateDatabase(config());
      show({ data: { migrated: true }, said: ['The database is up to date.'] });
    });
  addUserCommands(program, context);
  addClientCommands(program, context);
  addPhoneCommands(program, context);
  addCallCommands(program, context);
  addRouteCommand(program, context);
  addProjectCommands(program, context);
  addJobCommands(program, context);
  addWebhookCommands(program, context);
  addTokenCommands(program, context);
  addKeyCommands(program, context);
  addConfigCommands(program, context);
  addBackupCommand(program, context);
  addCompletionCommand(program, terminal);
};

const expected = [AppError, ConfigError, RefusedError, UsageError];

const isExpected = (error: unknown): error is Error => expected.some((kind) => error instanceof kind);

/** What the system says of a port that is taken, or a directory that cannot be made, needs no stack. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  types.isNativeError(error) && typeof (error as NodeJS.ErrnoException).syscall === 'string';

/** Of a cause, the first line: Node writes a stack of modules below the one that it cannot find. */
const sentenceOf = (error: unknown): string => {
  if (!isExpected(error) && !isSystemError(error)) return inspect(error);
  const { message, cause } = error;
  return types.isNativeError(cause) ? `${message} (${cause.message.replace(/\n[^]*/, '')})` : message;
};

/** The token of a call, where it looks like an option: one in 64 begins with a hyphen. */
const TOKEN_LIKE_OPTION = /^-[\w-]{21}$/;

/** Puts such a token behind `--`, where commander takes it for what it is. */
const withTokensLast = (words: readonly string[]): readonly string[] => {
  const isToken = (word: string): boolean => words.includes('call') && TOKEN_LIKE_OPTION.test(word);
  if (words.includes('--') || !words.some(isToken)) return words;
  return [...words.filter((word) => !isToken(word)), '--', ...words.filter(isToken)];
};

const exitCodeOf = (error: unknown): number =>
  error instanceof UsageError || error instanceof RefusedError ? error.exitCode : 1;

/** @returns the exit code: 0, 1 for what failed, 2 for words that were not understood, or one that the command documents */
export const runCommandLine = async (words: readonly string[], terminal: Terminal): Promise<number> => {
  let exitCode = 0;
  try {
    await createProgram(terminal, (code) => (exitCode = code)).parseAsync([...withTokensLast(words)], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.say(`offhook: ${sentenceOf(error)}`);
    return exitCodeOf(error);
  }
};
