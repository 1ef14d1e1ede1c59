import type { Command } from 'commander';
import { examineKeyFile, type KeyFileReport, replaceKeyFile } from '../app/key-file.ts';
import { readConfig } from '../config/config.ts';
import { RefusedError, UsageError } from './errors.ts';
import { ask, type Terminal } from './terminal.ts';

interface ReplaceOptions {
  readonly yes?: true;
}

type Replacement = Awaited<ReturnType<typeof replaceKeyFile>>;
type Proposed = Parameters<Parameters<typeof replaceKeyFile>[1]>[0];
type Losses = Proposed['losses'];

const AGREED = 'replace the key';

const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`;

const sayLosses = ({ signingKeys, phones }: Losses): string =>
  `${count(signingKeys.length, 'JWT key')}, ${count(phones.length, 'phone')}`;

const sayWanted = ({ wanted, isInUse }: Pick<KeyFileReport, 'wanted' | 'isInUse'>): string => {
  if (wanted !== undefined) return `${wanted.fingerprint}, last used as ${wanted.path}`;
  return isInUse ? 'not noted yet: the one that opens what is sealed' : 'none yet';
};

const show = (report: KeyFileReport, { print }: Terminal): void => {
  const { path, databaseName, found, unreadable } = report;
  print(`key file     ${path}`);
  print(`fingerprint  ${'fingerprint' in found ? found.fingerprint : 'none: there is no such file'}`);
  print(`database     ${databaseName}`);
  print(`needs        ${sayWanted(report)}`);
  print(
    `fits         ${found.state === 'unneeded' ? 'the first start makes it' : found.state === 'fits' ? 'yes' : 'no'}`,
  );
  if (unreadable.signingKeys.length + unreadable.phones.length > 0) print(`unreadable   ${sayLosses(unreadable)}`);
};

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
const tell = ({ made, keptAs, losses }: Replacement, { print, say }: Terminal): void => {
  say(`${made.path} holds a new key with the fingerprint ${made.fingerprint}. Back it up.`);
  if (keptAs !== undefined) say(`The file that was there is kept as ${keptAs}.`);
  say(`Deleted: ${sayLosses(losses)}. Applications with tokens in JWT form, refresh tokens too, ask for new ones.`);
  if (losses.phones.length === 0) return;
  say('Add these phones again, and enter in each the new password that is printed:');
  for (const { username, account } of losses.phones) print(`npx offhook phone add ${username} --name ${account}`);
};

const replace = async ({ yes }: ReplaceOptions, terminal: Terminal): Promise<void> => {
  if (yes !== true && terminal.input.isTTY !== true) {
    throw new UsageError('--yes is needed where no terminal is: what cannot be read any more is deleted');
  }
  const replacement = await replaceKeyFile(readConfig(), async (proposed) => {
    warn(proposed, terminal);
    if (yes === true) return;
    const answer = await ask(terminal, `Type "${AGREED}" to go on:`);
    if (answer.trim() !== AGREED) throw new RefusedError('Nothing was changed.');
  });
  tell(replacement, terminal);
};

/** `key show | replace` */
export const addKeyCommands = (program: Command, terminal: Terminal): void => {
  const key = program.command('key').description('the key file that belongs to the database');

  key
    .command('show')
    .description('which key file there is, which one the database needs, and whether it fits')
    .action(async () => {
      const report = await examineKeyFile(readConfig());
      show(report, terminal);
      if (report.refusal !== undefined) throw report.refusal;
    });

  key
    .command('replace')
    .description('make a new key file where the right one is lost for good; what it sealed is deleted')
    .option('--yes', 'do not ask')
    .action((options: ReplaceOptions) => replace(options, terminal));
};
