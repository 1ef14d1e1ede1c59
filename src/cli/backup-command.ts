import type { Command } from 'commander';
import { backUp } from '../app/backup.ts';
import { type CommandContext, formatPairs } from './command-context.ts';

/** `backup` */
export const addBackupCommand = (program: Command, { show, config }: CommandContext): void => {
  program
    .command('backup <file>')
    .description('copy the database as it is now into a new file, while the service goes on; the key file is not in it')
    .action((file: string) => {
      const { bytes, keyFile, keyFingerprint, ...made } = backUp(config(), file);
      const data = { file: made.file, bytes, key_file: keyFile, key_fingerprint: keyFingerprint };
      const needs = keyFingerprint === null ? '' : `, with the fingerprint ${keyFingerprint}`;
      show({
        data,
        lines: formatPairs({ file: made.file, bytes, 'needs key': keyFingerprint ?? 'none yet' }),
        notes: [`The key file is not in it: keep a copy of ${keyFile}${needs}, apart from the backup.`],
      });
    });
};
