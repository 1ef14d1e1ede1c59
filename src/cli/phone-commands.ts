import type { Command } from 'commander';
import type { Administration } from '../app/administration.ts';
import { issueSipAccount } from '../app/sip-accounts.ts';
import { readConfig, sipServerOf } from '../config/config.ts';
import { isSipAddress } from '../shared/sip-address.ts';
import type { CommandContext } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { formatTable } from './terminal.ts';

interface AddOptions {
  readonly name?: string;
  readonly address?: string;
}

const SIP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** As much of a username as leaves room behind it. */
const PLAIN_BEGINNING = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}/;
const NAME_BITS = 32;

const userIdOf = async ({ stores }: Administration, username: string): Promise<string> => {
  const user = await stores.users.findByUsername(username.normalize('NFC'));
  if (user === undefined) throw new RefusedError(`There is no user ${username}.`);
  return user.id;
};

const madeUpName = ({ ids }: Administration, username: string): string =>
  `${PLAIN_BEGINNING.exec(username)?.[0] ?? 'phone'}-${ids.random(NAME_BITS).replace(/[-_]/g, '0')}`;

const addFixed = async (administration: Administration, username: string, address: string): Promise<void> => {
  const userId = await userIdOf(administration, username);
  const phone = { userId, name: address, endpoint: { kind: 'address', uri: address } } as const;
  if ((await administration.stores.phoneBook.addPhone(phone)) === 'taken') {
    throw new RefusedError(`${username} has the phone ${address} already.`);
  }
};

const checkAdd = ({ name, address }: AddOptions): void => {
  if (name !== undefined && address !== undefined) throw new UsageError('--name is for a phone without --address');
  if (name !== undefined && !SIP_NAME.test(name)) throw new UsageError('--name is letters, digits and ._-');
  if (address !== undefined && !isSipAddress(address)) {
    throw new UsageError('--address is a SIP address, such as sip:200@10.0.0.5');
  }
};

const addAdd = (phone: Command, { terminal, administer }: CommandContext): void => {
  phone
    .command('add <username>')
    .description('add a phone that registers with us (prints its name, password and registrar), or one at an address')
    .option('--name <name>', 'the SIP name of a phone that registers; made up otherwise')
    .option('--address <address>', 'a fixed address instead: sip:200@10.0.0.5')
    .action((username: string, options: AddOptions) =>
      administer(async (administration) => {
        checkAdd(options);
        if (options.address !== undefined) {
          await addFixed(administration, username, options.address);
          terminal.say(`Added ${options.address}.`);
          return;
        }
        const userId = await userIdOf(administration, username);
        const account = options.name ?? madeUpName(administration, username);
        const password = await issueSipAccount(administration, { userId, account });
        terminal.print(`name       ${account}`);
        terminal.print(`password   ${password}`);
        terminal.print(`registrar  ${sipServerOf(readConfig())}`);
      }),
    );
};

/** `phone add | list | remove` */
export const addPhoneCommands = (program: Command, context: CommandContext): void => {
  const { terminal, administer } = context;
  const phone = program.command('phone').description("users' phones");
  addAdd(phone, context);

  phone
    .command('list [username]')
    .description('the phones of a user, or of all')
    .action((username: string | undefined) =>
      administer(async (administration) => {
        const { users, stores } = administration;
        const userId = username === undefined ? undefined : await userIdOf(administration, username);
        const owners = (await users.list()).filter(({ id }) => userId === undefined || id === userId);
        const rows = await Promise.all(
          owners.map(async (user) =>
            (await stores.phones.phonesOf({ userId: user.id, username: user.username })).map(({ name, endpoint }) => [
              user.username,
              endpoint.kind,
              name,
            ]),
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
          throw new RefusedError(`${username} has no phone ${name}.`);
        }
        terminal.say(`Removed ${name}.`);
      }),
    );
};
