import type { Command } from 'commander';
import { isSupportedCountry } from 'libphonenumber-js/min';
import { BY_COMMAND, type CommandContext } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { formatTable, readSecret } from './terminal.ts';

interface AddOptions {
  readonly role: string;
  readonly extension?: string;
  readonly country?: string;
  readonly callerId?: readonly string[];
}

const roles = ['user', 'operator', 'admin'] as const;

const roleOf = (text: string): (typeof roles)[number] => {
  const role = roles.find((each) => each === text);
  if (role === undefined) throw new UsageError(`--role is one of ${roles.join(', ')}`);
  return role;
};

const checkProfile = ({ extension, country, callerId = [] }: AddOptions): void => {
  if (extension !== undefined && !/^\d{1,10}$/.test(extension)) throw new UsageError('--extension is 1 to 10 digits');
  if (country !== undefined && !isSupportedCountry(country)) {
    throw new UsageError('--country is a country of two capital letters (ISO 3166-1)');
  }
  const wrong = callerId.find((number) => !/^\+[1-9]\d{4,14}$/.test(number));
  if (wrong !== undefined) throw new UsageError(`--caller-id ${wrong} is not a number in E.164`);
};

const addAdd = (user: Command, { terminal, administer }: CommandContext): void => {
  user
    .command('add <username>')
    .description('add a user; the password is read from standard input')
    .option('--role <role>', `one of ${roles.join(', ')}`, 'user')
    .option('--extension <digits>', 'a number of their own among the users')
    .option('--country <code>', 'in whose way they dial; the home country of the policy otherwise')
    .option('--caller-id <numbers...>', 'numbers in E.164 that their calls may show')
    .action((username: string, options: AddOptions) =>
      administer(async ({ users, stores, auditLog }) => {
        const role = roleOf(options.role);
        checkProfile(options);
        const { extension = null, country: homeCountry = null, callerId: callerIds = [] } = options;
        if (extension !== null && (await stores.phones.userByExtension(extension)) !== undefined) {
          throw new RefusedError(`Another user has the extension ${extension}.`);
        }
        const password = await readSecret(terminal, `Password for ${username}:`);
        const { id } = await users.create({ username, password, role });
        auditLog.record('user.created', { userId: id, ...BY_COMMAND });
        const saved = await stores.phoneBook.saveProfile(id, { extension, homeCountry, callerIds });
        terminal.say(`Added ${username}${saved === 'taken' ? ' without an extension: another user has it' : ''}.`);
      }),
    );
};

const addChanges = (user: Command, { terminal, administer }: CommandContext): void => {
  const changes = [
    ['disable', 'disabled', 'user.disabled', 'refuse a user: sessions and tokens end at once'],
    ['enable', 'active', 'user.enabled', 'admit a disabled user again'],
  ] as const;
  for (const [name, status, event, description] of changes) {
    user
      .command(`${name} <username>`)
      .description(description)
      .action((username: string) =>
        administer(async ({ users, auditLog }) => {
          const { id } = await users.setStatus(username, status);
          auditLog.record(event, { userId: id, ...BY_COMMAND });
          terminal.say(`${username} is ${status}.`);
        }),
      );
  }

  user
    .command('password <username>')
    .description('set a password, read from standard input; sessions and tokens end at once')
    .action((username: string) =>
      administer(async ({ users, auditLog }) => {
        const { id } = await users.setPassword(username, await readSecret(terminal, `New password for ${username}:`));
        auditLog.record('password.changed', { userId: id, ...BY_COMMAND });
        terminal.say(`${username} has a new password.`);
      }),
    );
};

/** `user add | list | disable | enable | password` */
export const addUserCommands = (program: Command, context: CommandContext): void => {
  const { terminal, administer } = context;
  const user = program.command('user').description('the people who log in');
  addAdd(user, context);
  addChanges(user, context);
  user
    .command('list')
    .description('all users')
    .action(() =>
      administer(async ({ users }) => {
        const rows = (await users.list()).map(({ username, role, status }) => [username, role, status]);
        terminal.print(formatTable([['USERNAME', 'ROLE', 'STATUS'], ...rows]));
      }),
    );
};
