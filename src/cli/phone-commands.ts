import type { Command } from 'commander';
import type { Administration } from '../app/administration.ts';
import { issueSipAccount } from '../app/sip-accounts.ts';
import { sipServerOf } from '../config/config.ts';
import { systemClock } from '../shared/clock.ts';
import { isSipAddress, wantsUnspokenTransport } from '../shared/sip-address.ts';
import { type User, userNamed } from './accounts.ts';
import { type CommandContext, formatPairs } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { registrationsOf, sayRegistrations } from './phone-registrations.ts';
import { formatTable } from './terminal.ts';

interface AddOptions {
  readonly name?: string;
  readonly address?: string;
}

const SIP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** As much of a username as leaves room behind it. */
const PLAIN_BEGINNING = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}/;
const NAME_BITS = 32;

const madeUpName = ({ ids }: Administration, username: string): string =>
  `${PLAIN_BEGINNING.exec(username)?.[0] ?? 'phone'}-${ids.random(NAME_BITS).replace(/[-_]/g, '0')}`;

const addFixed = async (administration: Administration, username: string, address: string): Promise<void> => {
  const { id: userId } = await userNamed(administration, username);
  const phone = { userId, name: address, endpoint: { kind: 'address', uri: address } } as const;
  if ((await administration.stores.phoneBook.addPhone(phone)) === 'taken') {
    throw new RefusedError(`${username} has the phone ${address} already.`);
  }
};

const checkAdd = ({ name, address }: AddOptions): void => {
  if (name !== undefined && address !== undefined) throw new UsageError('--name is for a phone without --address');
  if (name !== undefined && !SIP_NAME.test(name)) throw new UsageError('--name is letters, digits and ._-');
  if (address !== undefined && wantsUnspokenTransport(address)) {
    throw new UsageError('--address asks for TLS or WebSockets, which are not spoken: udp or tcp');
  }
  if (address !== undefined && !isSipAddress(address)) {
    throw new UsageError('--address is a SIP address, such as sip:200@10.0.0.5');
  }
};

/** Where a phone registers: with the service that runs, or else where one would with these settings. */
const registrarOf = async ({ stores }: Administration, { config }: CommandContext) => {
  const running = await stores.serviceAddresses.find();
  if (running !== undefined) return { registrar: running.registrar, addresses: running.sip, notes: [] };
  const note =
    'No service runs now. The registrar is what the settings of this command say; port 0 is picked at the start.';
  return { registrar: sipServerOf(config()), addresses: [], notes: [note] };
};

interface RegisteringPhone {
  readonly username: string;
  readonly name: string | undefined;
}

const addRegistering = async (
  administration: Administration,
  context: CommandContext,
  { username, name }: RegisteringPhone,
): Promise<void> => {
  const user = await userNamed(administration, username);
  const account = name ?? madeUpName(administration, username);
  const password = await issueSipAccount(administration, { userId: user.id, account });
  const { registrar, addresses, notes } = await registrarOf(administration, context);
  const data = { user: user.username, kind: 'registered', name: account, password, registrar, addresses };
  context.show({ data, lines: formatPairs({ name: account, password, registrar }), notes });
};

const addAdd = (phone: Command, context: CommandContext): void => {
  const { show, administer } = context;
  phone
    .command('add <username>')
    .description('add a phone that registers with us (prints its name, password and registrar), or one at an address')
    .option('--name <name>', 'the SIP name of a phone that registers; made up otherwise')
    .option('--address <address>', 'a fixed address instead: sip:200@10.0.0.5')
    .action((username: string, options: AddOptions) =>
      administer(async (administration) => {
        checkAdd(options);
        const { name, address } = options;
        if (address === undefined) return addRegistering(administration, context, { username, name });
        await addFixed(administration, username, address);
        show({ data: { user: username, kind: 'address', name: address }, said: [`Added ${address}.`] });
      }),
    );
};

/** The phones of a user, with where those are that register: each REGISTER renews the time. */
const describePhones = async (stores: Administration['stores'], { id: userId, username }: User) => {
  const phones = await stores.phones.phonesOf({ userId, username });
  const now = systemClock.now();
  return Promise.all(
    phones.map(async ({ id, name, endpoint }) => {
      const registrations = await registrationsOf(stores, endpoint, now);
      return { id, user: username, kind: endpoint.kind, name, ...(registrations && { registrations }) };
    }),
  );
};

const addList = (phone: Command, { show, administer }: CommandContext): void => {
  phone
    .command('list [username]')
    .description('the phones of a user, or of all')
    .action((username: string | undefined) =>
      administer(async (administration) => {
        const { users, stores } = administration;
        const owners = username === undefined ? await users.list() : [await userNamed(administration, username)];
        const phones = await Promise.all(owners.map((user) => describePhones(stores, user)));
        const rows = phones
          .flat()
          .map(({ user, kind, name, registrations }) => [user, kind, name, sayRegistrations(registrations)]);
        show({ data: phones.flat(), lines: [formatTable([['USER', 'KIND', 'PHONE', 'REGISTERED FROM'], ...rows])] });
      }),
    );
};

/** `phone add | list | remove` */
export const addPhoneCommands = (program: Command, context: CommandContext): void => {
  const { show, administer } = context;
  const phone = program.command('phone').description("users' phones");
  addAdd(phone, context);
  addList(phone, context);
  phone
    .command('remove <username> <name>')
    .description('remove a phone; one that registers cannot do so any more')
    .action((username: string, name: string) =>
      administer(async (administration) => {
        const { id } = await userNamed(administration, username);
        if ((await administration.stores.phoneBook.removePhone(id, name)) === 'unknown') {
          throw new RefusedError(`${username} has no phone ${name}.`);
        }
        show({ data: { user: username, name, removed: true }, said: [`Removed ${name}.`] });
      }),
    );
};
