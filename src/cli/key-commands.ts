import type { Command } from 'commander';
import { examineKeyFile, type KeyFileReport, replaceKeyFile } from '../app/key-file.ts';
import { type CommandContext, count, formatPairs } from './command-context.ts';
import { confirm, refuseUnaskable } from './confirm.ts';
import type { Terminal } from './terminal.ts';

interface ReplaceOptions {
  readonly yes?: true;
}

type Replacement = Awaited<ReturnType<typeof replaceKeyFile>>;
type Proposed = Parameters<Parameters<typeof replaceKeyFile>[1]>[0];
type Losses = Proposed['losses'];

const AGREED = 'replace the key';

const LOSS = 'what cannot be read any more is deleted';

const sayLosses = ({ signingKeys, phones, webhooks }: Losses): string =>
  [
    count(signingKeys.length, 'JWT key'),
    count(phones.length, 'phone'),
    ...(webhooks.length > 0 ? [count(webhooks.length, 'webhook')] : []),
  ].join(', ');

const sayWanted = ({ wanted, isInUse }: Pick<KeyFileReport, 'wanted' | 'isInUse'>): string => {
  if (wanted !== undefined) return `${wanted.fingerprint}, last used as ${wanted.path}`;
  return isInUse ? 'not noted yet: the one that opens what is sealed' : 'none yet';
};

const sayFits = ({ found }: KeyFileReport): string => {
  if (found.state === 'unneeded') return 'the first start makes it';
  return found.state === 'fits' ? 'yes' : 'no';
};

const describe = (report: KeyFileReport): readonly string[] => {
  const { path, databaseName, found, unreadable } = report;
  const { signingKeys, phones, webhooks } = unreadable;
  const isUnreadable = signingKeys.length + phones.length + webhooks.length > 0;
  return formatPairs({
    'key file': path,
    fingerprint: 'fingerprint' in found ? found.fingerprint : 'none: there is no such file',
    database: databaseName,
    needs: sayWanted(report),
    fits: sayFits(report),
    unreadable: isUnreadable ? sayLosses(unreadable) : undefined,
  });
};

const represent = ({ path, databaseName, found, wanted, unreadable }: KeyFileReport): object => ({
  key_file: path,
  fingerprint: 'fingerprint' in found ? found.fingerprint : null,
  database: databaseName,
  needs: wanted === undefined ? null : { fingerprint: wanted.fingerprint, key_file: wanted.path },
  state: found.state,
  fits: found.state === 'fits' || found.state === 'unneeded',
  unreadable: {
    signing_keys: unreadable.signingKeys.length,
    phones: unreadable.phones.length,
    webhooks: unreadable.webhooks.length,
  },
});

/** What is about to happen, while there still is a way back. */
const warn = (proposed: Proposed, { say }: Terminal): void => {
  const { databaseName, path, wanted, losses } = proposed;
  say(`The database ${databaseName} gets a new key file ${path}.`);
  if (wanted !== undefined) {
    say(`If a backup has the file with the fingerprint ${wanted.fingerprint} (${wanted.path}), restore that instead.`);
  }
  say(`What cannot be read without the lost key is deleted: ${sayLosses(losses)}.`);
  for (const { username, account } of losses.phones) say(`  phone ${account} of ${username}`);
  say('All tokens in JWT form end, and everybody is logged out of the pages.');
};

/** What is lost, and what has to be done by hand now. */
const lossesOf = ({ made, keptAs, losses }: Replacement): { said: readonly string[]; lines: readonly string[] } => ({
  said: [
    `${made.path} holds a new key with the fingerprint ${made.fingerprint}. Back it up.`,
    ...(keptAs === undefined ? [] : [`The file that was there is kept as ${keptAs}.`]),
    `Deleted: ${sayLosses(losses)}. Applications with tokens in JWT form, refresh tokens too, ask for new ones.`,
    ...(losses.phones.length === 0
      ? []
      : ['Add these phones again, and enter in each the new password that is printed:']),
  ],
  lines: losses.phones.map(({ username, account }) => `npx offhook phone add ${username} --name ${account}`),
});

const replace = async ({ yes }: ReplaceOptions, { terminal, show, config }: CommandContext): Promise<void> => {
  refuseUnaskable(terminal, { yes, loss: LOSS });
  const replacement = await replaceKeyFile(config(), async (proposed) => {
    warn(proposed, terminal);
    await confirm(terminal, { phrase: AGREED, loss: LOSS, yes });
  });
  const { made, keptAs, losses } = replacement;
  const phones = losses.phones.map(({ username, account }) => ({ user: username, name: account }));
  const deleted = { signing_keys: losses.signingKeys.length, phones, webhooks: losses.webhooks };
  const data = { key_file: made.path, fingerprint: made.fingerprint, kept_as: keptAs ?? null, deleted };
  const { said, lines } = lossesOf(replacement);
  // What is printed can be piped into a shell; what is said comes before it.
  show({ data, said, lines });
};

/** `key show | replace` */
export const addKeyCommands = (program: Command, context: CommandContext): void => {
  const key = program.command('key').description('the key file that belongs to the database');

  key
    .command('show')
    .description('which key file there is, which one the database needs, and whether it fits')
    .action(async () => {
      const report = await examineKeyFile(context.config());
      context.show({ data: represent(report), lines: describe(report) });
      if (report.refusal !== undefined) throw report.refusal;
    });

  key
    .command('replace')
    .description('make a new key file where the right one is lost for good; what it sealed is deleted')
    .option('--yes', 'do not ask')
    .action((options: ReplaceOptions) => replace(options, context));
};
