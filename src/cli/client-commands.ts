import type { Command } from 'commander';
import { type ClientOptions, describedBy, grantNames, nameOfGrant, scopeNames } from './client-options.ts';
import { BY_COMMAND, type CommandContext } from './command-context.ts';
import { formatTable } from './terminal.ts';

const addAdd = (client: Command, { terminal, administer }: CommandContext): void => {
  client
    .command('add <id>')
    .description('add an application and print its secret, which is shown this once; what is not named here is strict')
    .option('--name <text>', 'what the consent page calls it')
    .option('--redirect-uri <addresses...>', 'where its users are sent back to')
    .option(
      '--grants <grants...>',
      `how it gets tokens, some of ${grantNames.join(', ')} (default: authorization_code refresh_token); ` +
        'RFC 9700 advises against password',
    )
    .option('--scope <scopes...>', `what it may ask for, some of ${scopeNames.join(', ')} (default: call)`)
    .option('--public', 'it cannot keep a secret: a front-end, a device, a desktop or mobile application')
    .option('--jwt', 'its tokens are JWT, which others can check by themselves')
    .option('--dpop', 'its tokens are bound to a key that it proves to have (RFC 9449)')
    .option('--client-side', 'it may also ask for a token in the fragment; RFC 9700 advises against it')
    .action((id: string, options: ClientOptions) =>
      administer(async ({ clients, auditLog }) => {
        const { secret } = await clients.create(describedBy(id, options));
        auditLog.record('client.created', { clientId: id, ...BY_COMMAND });
        terminal.print(`client_id      ${id}`);
        if (secret !== null) terminal.print(`client_secret  ${secret}`);
      }),
    );
};

/** `client add | list | rotate` */
export const addClientCommands = (program: Command, context: CommandContext): void => {
  const { terminal, administer } = context;
  const client = program.command('client').description('the applications that ask users for consent');

  addAdd(client, context);

  client
    .command('list')
    .description('all applications')
    .action(() =>
      administer(async ({ clients }) => {
        const rows = (await clients.list()).map(({ id, name, secretHash, grantTypes, redirectUris }) => [
          id,
          secretHash === null ? 'public' : 'confidential',
          name,
          grantTypes.map(nameOfGrant).join(' '),
          redirectUris.join(' '),
        ]);
        terminal.print(formatTable([['CLIENT', 'TYPE', 'NAME', 'GRANTS', 'REDIRECT'], ...rows]));
      }),
    );

  client
    .command('rotate <id>')
    .description('give an application a new secret; its tokens end at once')
    .action((id: string) =>
      administer(async ({ clients, auditLog }) => {
        const { secret } = await clients.rotateSecret(id);
        auditLog.record('client.secret_rotated', { clientId: id, ...BY_COMMAND });
        terminal.print(`client_secret  ${secret ?? ''}`);
      }),
    );
};
