import { type Command, Option } from 'commander';
import { isSupportedCountry } from 'libphonenumber-js/min';
import type { Administration } from '../app/administration.ts';
import { representUser, type User, userNamed } from './accounts.ts';
import { BY_COMMAND, type CommandContext, formatPairs, inWords } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { formatTable, readSecret } from './terminal.ts';
import { addUserDelete } from './user-deletion.ts';

/** What was not given is undefined; `--no-extension` and its like give false. */
interface ProfileOptions {
  readonly role?: string;
  readonly extension?: string | false;
  readonly country?: string | false;
  readonly callerId?: readonly string[] | false;
}

const roles = ['user', 'operator', 'admin'] as const;

const roleOf = (text: string): (typeof roles)[number] => {
  const role = roles.find((each) => each === text);
  if (role === undefined) throw new UsageError(`--role is one of ${roles.join(', ')}`);
  return role;
};

const checkProfile = ({ extension, country, callerId }: ProfileOptions): void => {
  if (typeof extension === 'string' && !/^\d{1,10}$/.test(extension)) {
    throw new UsageError('--extension is 1 to 10 digits');
  }
  if (typeof country === 'string' && !isSupportedCountry(country)) {
    throw new UsageError('--country is a country of two capital letters (ISO 3166-1)');
  }
  const wrong = (callerId === false ? [] : (callerId ?? [])).find((number) => !/^\+[1-9]\d{4,14}$/.test(number));
  if (wrong !== undefined) throw new UsageError(`--caller-id ${wrong} is not a number in E.164`);
};

const orNull = (given: string | false): string | null => (given === false ? null : given);

const changesBy = ({ role, extension, country, callerId }: ProfileOptions) => ({
  ...(role !== undefined && { role: roleOf(role) }),
  ...(extension !== undefined && { extension: orNull(extension) }),
  ...(country !== undefined && { homeCountry: orNull(country) }),
  ...(callerId !== undefined && { callerIds: callerId === false ? [] : callerId }),
});

const roleOption = (): Option => {
  const option = new Option('--role <role>', 'what they may do');
  option.argChoices = [...roles];
  return option;
};

const addProfileOptions = (command: Command): Command =>
  command
    .option('--extension <digits>', 'a number of their own among the users')
    .option('--country <code>', 'in whose way they dial; the home country of the policy otherwise')
    .option('--caller-id <numbers...>', 'numbers in E.164 that their calls may show');

const takenError = (extension: string): RefusedError =>
  new RefusedError(`Another user has the extension ${extension}.`);

const addAdd = (user: Command, { terminal, show, administer }: CommandContext): void => {
  const command = user
    .command('add <username>')
    .description('add a user; the password is read from standard input')
    .addOption(roleOption().default('user'));
  addProfileOptions(command).action((username: string, options: ProfileOptions & { role: string }) =>
    administer(async (administration) => {
      const { users, stores, auditLog } = administration;
      const role = roleOf(options.role);
      checkProfile(options);
      const { extension } = options;
      if (typeof extension === 'string' && (await stores.phones.userByExtension(extension)) !== undefined) {
        throw takenError(extension);
      }
      const password = await readSecret(terminal, `Password for ${username}:`);
      const added = await users.create({ username, password, role });
      auditLog.record('user.created', { userId: added.id, ...BY_COMMAND });
      const saved = await saveProfile(administration, added, options);
      const data = await representUser(administration, added);
      show({
        data,
        said: [`Added ${username}${saved === 'taken' ? ' without an extension: another user has it' : ''}.`],
      });
    }),
  );
};

/** `taken`: another user took the extension in the same moment; the rest is written. */
const saveProfile = async (
  { stores }: Administration,
  { id }: User,
  { extension, country, callerId }: ProfileOptions,
): Promise<'changed' | 'taken'> => {
  const profile = changesBy({ ...(country !== undefined && { country }), ...(callerId !== undefined && { callerId }) });
  if (Object.keys(profile).length > 0) await stores.userChanges.change(id, profile);
  return extension === undefined ? 'changed' : stores.userChanges.change(id, changesBy({ extension }));
};

const addSet = (user: Command, { show, administer }: CommandContext): void => {
  const command = user
    .command('set <username>')
    .description('change a user: what is not named stays; caller ids replace those that were there')
    .addOption(roleOption());
  addProfileOptions(command)
    .option('--no-extension', 'no number of their own any more')
    .option('--no-country', 'they dial in the way of the home country of the policy')
    .option('--no-caller-id', 'their calls show no number of their own')
    .action((username: string, options: ProfileOptions) =>
      administer(async (administration) => {
        checkProfile(options);
        const changes = changesBy(options);
        if (Object.keys(changes).length === 0) {
          throw new UsageError('Name at least one option: what is not named stays as it is.');
        }
        const { stores, auditLog } = administration;
        const found = await userNamed(administration, username);
        if ((await stores.userChanges.change(found.id, changes)) === 'taken') {
          throw takenError(String(options.extension));
        }
        auditLog.record('user.changed', { userId: found.id, ...BY_COMMAND });
        const data = await representUser(administration, { ...found, role: changes.role ?? found.role });
        show({ data, said: [`${found.username} is changed.`] });
      }),
    );
};

const addChanges = (user: Command, { terminal, show, administer }: CommandContext): void => {
  const changes = [
    ['disable', 'disabled', 'user.disabled', 'refuse a user: sessions and tokens end at once'],
    ['enable', 'active', 'user.enabled', 'admit a disabled user again'],
  ] as const;
  for (const [name, status, event, description] of changes) {
    user
      .command(`${name} <username>`)
      .description(description)
      .action((username: string) =>
        administer(async (administration) => {
          const { users, auditLog } = administration;
          const changed = await users.setStatus(username, status);
          auditLog.record(event, { userId: changed.id, ...BY_COMMAND });
          show({ data: await representUser(administration, changed), said: [`${username} is ${status}.`] });
        }),
      );
  }

  user
    .command('password <username>')
    .description('set a password, read from standard input; sessions and tokens end at once')
    .action((username: string) =>
      administer(async (administration) => {
        const { users, auditLog } = administration;
        const changed = await users.setPassword(username, await readSecret(terminal, `New password for ${username}:`));
        auditLog.record('password.changed', { userId: changed.id, ...BY_COMMAND });
        show({ data: await representUser(administration, changed), said: [`${username} has a new password.`] });
      }),
    );
};

const addReads = (user: Command, { show, administer }: CommandContext): void => {
  user
    .command('list')
    .description('all users')
    .action(() =>
      administer(async (administration) => {
        const all = await administration.users.list();
        const rows = all.map(({ username, role, status }) => [username, role, status]);
        const data = await Promise.all(all.map((each) => representUser(administration, each)));
        show({ data, lines: [formatTable([['USERNAME', 'ROLE', 'STATUS'], ...rows])] });
      }),
    );

  user
    .command('show <username>')
    .description('a user, and how they are dialled')
    .action((username: string) =>
      administer(async (administration) => {
        const data = await representUser(administration, await userNamed(administration, username));
        show({ data, lines: formatPairs(inWords(data)) });
      }),
    );
};

/** `user add | list | show | set | disable | enable | password | delete` */
export const addUserCommands = (program: Command, context: CommandContext): void => {
  const user = program.command('user').description('the people who log in');
  addAdd(user, context);
  addReads(user, context);
  addSet(user, context);
  addChanges(user, context);
  addUserDelete(user, context);
};
