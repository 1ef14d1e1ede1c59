import type { Command } from 'commander';
import { issueSipAccount } from '../compose.ts';
import { readConfig, sipServerOf } from '../config.ts';
import { UsageError, type Administer } from './administer.ts';
import { formatTable, type Terminal } from './terminal.ts';
import type { Administration } from '../compose.ts';

interface AddOptions {
  readonly name?: string;
  readonly address?: string;
}

const SIP_ADDRESS = /^sips?:[^\s<>"]+$/i;
const SIP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const NAME_BITS = 32;

const userIdOf = async ({ stores }: Administration, username: string): Promise<string> => {
  const user = await stores.users.findByUsername(username.normalize('NFC'));
  if (user === undefined) throw new UsageError(`There is no user ${username}.`);
  return user.id;
};

const addFixed = async (administration: Administration, username: string, address: string): Promise<void> => {
  if (!SIP_ADDRESS.test(address)) throw new UsageError('--address is a SIP address, such as sip:200@10.0.0.5');
  const userId = await userIdOf(administration, username);
  const phone = { userId, name: address, endpoint: { kind: 'address', uri: address } } as const;
  if ((await administration.stores.phoneBook.addPhone(phone)) === 'taken') {
    throw new UsageError(`${username} has the phone ${address} already.`);
  }
};

/** `phone add | list | remove` */
export const addPhoneCommands = (program: Command, terminal: Terminal, administer: Administer): void => {
  const phone = program.command('phone').description("users' phones");

  phone
    .command('add <username>')
    .description('add a phone that registers with us (prints its name, password and registrar), or one at an address')
    .option('--name <name>', 'the SIP name of a phone that registers; made up otherwise')
    .option('--address <address>', 'a fixed address instead: sip:200@10.0.0.5')
    .action((username: string, options: AddOptions) =>
      administer(async (administration) => {
        if (options.address !== undefined) {
          await addFixed(administration, username, options.address);
          terminal.say(`Added ${options.address}.`);
          return;
        }
        const account = options.name ?? `${username}-${administration.ids.random(NAME_BITS).replace(/[-_]/g, '0')}`;
        if (!SIP_NAME.test(account)) throw new UsageError('--name is letters, digits and ._-');
        const userId = await userIdOf(administration, username);
        const password = await issueSipAccount(administration, { userId, account });
        terminal.print(`name       ${account}`);
        terminal.print(`password   ${password}`);
        terminal.print(`registrar  ${sipServerOf(readConfig())}`);
      }),
    );

  phone
    .command('list [username]')
    .description('the phones of a user, or of all')
    .action((username: string | undefined) =>
      administer(async ({ users, stores }) => {
        const owners = (await users.list()).filter((user) => username === undefined || user.username === username);
        const rows = await Promise.all(
          owners.map(async (user) =>
            (await stores.phones.phonesOf(user.id)).map(({ name, endpoint }) => [user.username, endpoint.kind, name]),
          ),
        );
        terminal.print(formatTable([['USER', 'KIND', 'PHONE'], ...rows.flat()]));
      }),
    );

  phone
    .command('remove <username> <name>')
    .description('remove a phone; one that registers cannot do so any more')
    .action((username: string, name: string) =>
      administer(async (administration) => {
        const userId = await userIdOf(administration, username);
        if ((await administration.stores.phoneBook.removePhone(userId, name)) === 'unknown') {
          throw new UsageError(`${username} has no phone ${name}.`);
        }
        terminal.say(`Removed ${name}.`);
      }),
    );
};
