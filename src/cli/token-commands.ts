import type { Command } from 'commander';
import type { Administration } from '../app/administration.ts';
import { type CommandContext, count } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { readSecret } from './terminal.ts';

interface RevokeOptions {
  readonly user?: string;
  readonly client?: string;
}

const revokeAll = async ({ tokens, clients }: Administration, { user, client }: RevokeOptions): Promise<number> => {
  if (client !== undefined && !(await clients.list()).some(({ id }) => id === client)) {
    throw new RefusedError(`There is no client ${client}.`);
  }
  return tokens.revokeAll({
    ...(user !== undefined && { username: user.normalize('NFC') }),
    ...(client !== undefined && { clientId: client }),
  });
};

/** `token revoke` */
export const addTokenCommands = (program: Command, { terminal, show, administer }: CommandContext): void => {
  program
    .command('token')
    .description('tokens that were given')
    .command('revoke')
    .description('revoke the tokens of a user, of an application, or one read from standard input; at once')
    .option('--user <username>', 'all that this user allowed')
    .option('--client <id>', 'all that this application was given')
    .action((options: RevokeOptions) =>
      administer(async (administration) => {
        if (options.user !== undefined || options.client !== undefined) {
          const revoked = await revokeAll(administration, options);
          show({ data: { revoked }, said: [`Revoked ${count(revoked, 'grant')}.`] });
          return;
        }
        const token = await readSecret(terminal, 'Token:');
        if (token === '') throw new UsageError('Give a token on standard input, or --user, or --client.');
        if ((await administration.tokens.revoke(token)) === 'unknown') {
          throw new RefusedError('There is no such token.');
        }
        show({ data: { revoked: 1 }, said: ['Revoked the token and all of its grant.'] });
      }),
    );
};
