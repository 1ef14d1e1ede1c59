import type { Command } from 'commander';
import { changeClient, clientNamed } from '../app/client-changes.ts';
import { AppError } from '../shared/errors.ts';
import { type Client, representClient } from './accounts.ts';
import {
  addClientChangeOptions,
  addClientOptions,
  asTyped,
  type ClientOptions,
  nameOfGrant,
} from './client-options.ts';
import { changesBy, describedBy } from './client-words.ts';
import { BY_COMMAND, type CommandContext, formatPairs, inWords, isoTime } from './command-context.ts';
import { confirm, refuseUnaskable } from './confirm.ts';
import { RefusedError, UsageError } from './errors.ts';
import { formatTable } from './terminal.ts';

/** Says what is wrong with a description in the words that were typed. */
const describing = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work();
  } catch (error) {
    const isFault = error instanceof AppError && error.code === 'invalid_account';
    throw isFault ? new RefusedError(asTyped(error.message)) : error;
  }
};

const withSecret = (client: Client, secret: string | null): object => ({
  ...representClient(client),
  ...(secret !== null && { client_secret: secret }),
});

/** What a start writes anew is only changed until then. */
const notesOn = (client: Client, settingIds: readonly string[]): readonly string[] => {
  if (client.sandbox) return [`${client.id} belongs to the sandbox, which writes it anew at each start.`];
  if (!settingIds.includes(client.id)) return [];
  return [`${client.id} stands in the settings file, which writes it anew at each start: change it there too.`];
};

const addAdd = (client: Command, { show, administer }: CommandContext): void => {
  addClientOptions(
    client
      .command('add <id>')
      .description(
        'add an application and print its secret, which is shown this once; what is not named here is strict',
      )
      .option('--public', 'it cannot keep a secret: a front-end, a device, a desktop or mobile application'),
  ).action((id: string, options: ClientOptions & { public?: true }) =>
    administer(async ({ clients, auditLog }) => {
      const description = describedBy(id, options);
      const { client: added, secret } = await describing(() => clients.create(description));
      auditLog.record('client.created', { clientId: id, ...BY_COMMAND });
      const secretLine = secret === null ? [] : [`client_secret  ${secret}`];
      show({ data: withSecret(added, secret), lines: [`client_id      ${id}`, ...secretLine] });
    }),
  );
};

const addReads = (client: Command, { show, administer }: CommandContext): void => {
  client
    .command('list')
    .description('all applications')
    .action(() =>
      administer(async ({ clients }) => {
        const all = await clients.list();
        const rows = all.map(({ id, name, secretHash, grantTypes, redirectUris }) => [
          id,
          secretHash === null ? 'public' : 'confidential',
          name,
          grantTypes.map(nameOfGrant).join(' '),
          redirectUris.join(' '),
        ]);
        const lines = [formatTable([['CLIENT', 'TYPE', 'NAME', 'GRANTS', 'REDIRECT'], ...rows])];
        show({ data: all.map(representClient), lines });
      }),
    );

  client
    .command('show <id>')
    .description('an application with all that it may')
    .action((id: string) =>
      administer(async ({ stores }) => {
        const found = await clientNamed(stores, id);
        const owner = found.ownerId === null ? undefined : (await stores.users.find(found.ownerId))?.username;
        const data = representClient(found);
        show({ data, lines: formatPairs({ ...inWords(data), owner_id: '', owner: owner ?? '' }) });
      }),
    );
};

const addChanges = (client: Command, { show, administer, settingIds }: ClientContext): void => {
  addClientChangeOptions(
    client
      .command('set <id>')
      .description('change an application: what is not named stays; a list replaces the one that was there'),
  ).action((id: string, options: ClientOptions) =>
    administer(async ({ stores, auditLog }) => {
      const changed = await describing(() => changeClient(stores, id, (found) => changesBy(found, options)));
      auditLog.record('client.changed', { clientId: id, ...BY_COMMAND });
      show({ data: representClient(changed), said: [`${id} is changed.`], notes: notesOn(changed, settingIds()) });
    }),
  );
};

const MOST_OVERLAP_HOURS = 90 * 24;

const overlapOf = (text: string): number => {
  const hours = /^\d{1,4}$/.test(text) ? Number(text) : Infinity;
  if (hours > MOST_OVERLAP_HOURS) {
    throw new UsageError(`--overlap-hours is a number of hours, 0 to ${MOST_OVERLAP_HOURS}`);
  }
  return hours * 3600;
};

const sayRotated = ({ formerSecret }: Client): string =>
  formerSecret === null
    ? 'The former secret is refused, and the tokens of the application have ended.'
    : `The former secret is taken until ${isoTime(formerSecret.endsAt) ?? ''}, and no token ends.`;

const addRotate = (client: Command, { show, administer, settingIds }: ClientContext): void => {
  client
    .command('rotate <id>')
    .description('give an application a new secret; its tokens end at once, unless both secrets are taken for a time')
    .option('--overlap-hours <hours>', 'how long the former secret is taken beside the new one', '0')
    .action((id: string, { overlapHours }: { overlapHours: string }) =>
      administer(async ({ clients, auditLog }) => {
        const { client: rotated, secret } = await clients.rotateSecret(id, { overlapSeconds: overlapOf(overlapHours) });
        auditLog.record('client.secret_rotated', { clientId: id, ...BY_COMMAND });
        const lines = [`client_secret  ${secret ?? ''}`];
        const notes = notesOn(rotated, settingIds());
        show({ data: withSecret(rotated, secret), lines, said: [sayRotated(rotated)], notes });
      }),
    );
};

const addDelete = (client: Command, { terminal, show, administer, settingIds }: ClientContext): void => {
  client
    .command('delete <id>')
    .description('delete an application with all that users allowed it; its tokens end at once')
    .option('--yes', 'do not ask')
    .action((id: string, { yes }: { yes?: true }) =>
      administer(async ({ stores, clients, auditLog }) => {
        const loss = 'its tokens end, and its secret cannot be had again';
        refuseUnaskable(terminal, { yes, loss });
        const found = await clientNamed(stores, id);
        if (id === 'offhook') throw new RefusedError(`${id} belongs to the service itself.`);
        terminal.say(`${id} (${found.name}) is deleted with all that users allowed it; its tokens end at once.`);
        terminal.say('Calls that it placed go on, and stay in the journal under its id.');
        await confirm(terminal, { phrase: id, loss, yes });
        await clients.delete(id);
        auditLog.record('client.deleted', { clientId: id, ...BY_COMMAND });
        const notes = notesOn(found, settingIds());
        show({ data: { client_id: id, deleted: true }, said: [`Deleted ${id}.`], notes });
      }),
    );
};

/** `settingIds`: which clients stand in the settings file. */
interface ClientContext extends CommandContext {
  readonly settingIds: () => readonly string[];
}

/** `client add | list | show | set | rotate | delete` */
export const addClientCommands = (program: Command, context: CommandContext): void => {
  const client = program.command('client').description('the applications that ask users for consent');
  const settingIds = (): readonly string[] => context.config().settings.clients.map(({ id }) => id);
  addAdd(client, context);
  addReads(client, context);
  addChanges(client, { ...context, settingIds });
  addRotate(client, { ...context, settingIds });
  addDelete(client, { ...context, settingIds });
};
