import type { Command } from 'commander';
import { mistakesOfStart } from '../app/settings-check.ts';
import { type Config, ConfigError, unknownVariables } from '../config/config.ts';
import { type CommandContext, formatPairs } from './command-context.ts';

type Checked = { readonly config: Config } | { readonly mistakes: readonly string[] };

/** Every mistake, those too that only a start would find. */
const check = (read: () => Config): Checked => {
  const unknown = unknownVariables().map((name) => `${name}: there is no such variable`);
  try {
    const config = read();
    const mistakes = [...unknown, ...mistakesOfStart(config)];
    return mistakes.length === 0 ? { config } : { mistakes };
  } catch (error) {
    if (error instanceof ConfigError) return { mistakes: [...error.mistakes, ...unknown] };
    throw error;
  }
};

const describe = ({ databaseUrl, secretFile, sandbox, settings }: Config): readonly string[] =>
  formatPairs({
    database: databaseUrl,
    'key file': secretFile,
    sandbox: sandbox ? 'on' : 'off',
    trunks: settings.trunks.map(({ name }) => name).join(' '),
    clients: settings.clients.map(({ id }) => id).join(' '),
  });

/** `config check` */
export const addConfigCommands = (program: Command, { show, config }: CommandContext): void => {
  program
    .command('config')
    .description('the variables and the settings file')
    .command('check')
    .description('check both without starting anything, and name every mistake')
    .action(() => {
      const checked = check(config);
      if ('mistakes' in checked) {
        show({ data: { ok: false, mistakes: checked.mistakes } });
        throw new ConfigError(checked.mistakes);
      }
      const said = ['The configuration can be used.'];
      show({ data: { ok: true, mistakes: [] }, lines: describe(checked.config), said });
    });
};
