import type { Command } from 'commander';
import { UsageError, type Administer } from './administer.ts';
import { readSecret, type Terminal } from './terminal.ts';

interface RevokeOptions {
  readonly user?: string;
  readonly client?: string;
}

/** `token revoke` */
export const addTokenCommands = (program: Command, terminal: Terminal, administer: Administer): void => {
  program
    .command('token')
    .description('tokens that were given')
    .command('revoke')
    .description('revoke the tokens of a user, of an application, or one read from standard input; at once')
    .option('--user <username>')
    .option('--client <id>')
    .action(({ user, client }: RevokeOptions) =>
      administer(async ({ tokens }) => {
        if (user !== undefined || client !== undefined) {
          const filter = {
            ...(user !== undefined && { username: user }),
            ...(client !== undefined && { clientId: client }),
          };
          terminal.say(`Revoked ${await tokens.revokeAll(filter)} grants.`);
          return;
        }
        const token = await readSecret(terminal, 'Token:');
        if (token === '') throw new UsageError('Give a token on standard input, or --user, or --client.');
        if ((await tokens.revoke(token)) === 'unknown') throw new UsageError('There is no such token.');
        terminal.say('Revoked the token and all of its grant.');
      }),
    );
};
