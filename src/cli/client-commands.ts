import type { Command } from 'commander';
import type { Administer } from './administer.ts';
import { formatTable, type Terminal } from './terminal.ts';

interface AddOptions {
  readonly name?: string;
  readonly redirectUri: readonly string[];
  readonly public?: true;
  readonly clientSide?: true;
}

/** `client add | list | rotate` */
export const addClientCommands = (program: Command, terminal: Terminal, administer: Administer): void => {
  const client = program.command('client').description('the applications that ask users for consent');

  client
    .command('add <id>')
    .description('add an application and print its secret, which is shown this once')
    .requiredOption('--redirect-uri <addresses...>', 'where its users are sent back to')
    .option('--name <text>', 'what the consent page calls it')
    .option('--public', 'it cannot keep a secret: a front-end, a desktop or mobile application')
    .option('--client-side', 'it may also ask for a token in the fragment; RFC 9700 advises against it')
    .action((id: string, options: AddOptions) =>
      administer(async ({ clients }) => {
        const { secret } = await clients.create({
          id,
          name: options.name ?? id,
          type: options.public === true ? 'public' : 'confidential',
          redirectUris: options.redirectUri,
          responseTypes: options.clientSide === true ? ['code', 'token'] : ['code'],
        });
        terminal.print(`client_id      ${id}`);
        if (secret !== null) terminal.print(`client_secret  ${secret}`);
      }),
    );

  client
    .command('list')
    .description('all applications')
    .action(() =>
      administer(async ({ clients }) => {
        const rows = (await clients.list()).map(({ id, name, secretHash, redirectUris }) => [
          id,
          secretHash === null ? 'public' : 'confidential',
          name,
          redirectUris.join(' '),
        ]);
        terminal.print(formatTable([['CLIENT', 'TYPE', 'NAME', 'REDIRECT'], ...rows]));
      }),
    );

  client
    .command('rotate <id>')
    .description('give an application a new secret; its tokens end at once')
    .action((id: string) =>
      administer(async ({ clients }) => {
        const { secret } = await clients.rotateSecret(id);
        terminal.print(`client_secret  ${secret ?? ''}`);
      }),
    );
};
