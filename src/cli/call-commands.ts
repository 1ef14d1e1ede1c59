import type { Command } from 'commander';
import type { Administration } from '../app/administration.ts';
import { userNamed } from './accounts.ts';
import { type CommandContext, formatPairs, isoTime } from './command-context.ts';
import { RefusedError, UsageError } from './errors.ts';
import { formatTable } from './terminal.ts';

type Calls = Administration['calls'];
type Call = NonNullable<Awaited<ReturnType<Calls['find']>>>;
type CallEvent = Awaited<ReturnType<Calls['events']>>[number];

const DEFAULT_WAIT_SECONDS = 10;
const MOST_WAIT_SECONDS = 600;

/** The base of the addresses of calls: that of the service that runs, or else of the settings. */
const publicUrlOf = async ({ stores }: Administration, { config }: CommandContext): Promise<string> => {
  const running = await stores.serviceAddresses.find();
  const { publicUrl, http } = config();
  return running?.publicUrl ?? publicUrl ?? `http://localhost:${http.port}`;
};

const representEvent = ({ name, sequence, at, payload }: CallEvent): object => ({
  event: name,
  sequence,
  at: isoTime(at),
  ...Object.fromEntries(Object.entries(payload).map(([key, value]) => [snakeCase(key), value as unknown])),
});

const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `busy (callee)`, where a call has ended. */
const sayFate = ({ state, outcome, endedBy }: Call): string =>
  state === 'ended' ? `ended: ${outcome ?? ''}, by ${endedBy ?? ''}` : state;

const sayLeg = ({ address, state, sipStatus, reason }: Call['legs'][number]): string =>
  [address, state, sipStatus ?? '', reason ?? ''].filter((part) => part !== '').join('  ');

const describe = (call: Call, events: readonly CallEvent[]): readonly string[] => [
  ...formatPairs({
    call: call.tokenCall,
    state: sayFate(call),
    user: call.username,
    client: call.clientId,
    number: call.number,
    caller: sayLeg(call.legs[0]),
    callee: sayLeg(call.legs[1]),
  }),
  ...events.map(({ at, name, payload }) => {
    const leg = 'leg' in payload ? payload.leg : '';
    const status = 'sipStatus' in payload ? (payload.sipStatus ?? '') : '';
    return [isoTime(at), name, leg, status].filter((part) => part !== '').join('  ');
  }),
];

const unknown = (token: string): RefusedError => new RefusedError(`There is no call ${token}.`);

const waitOf = (text: string): number => {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : Infinity;
  if (seconds > MOST_WAIT_SECONDS) throw new UsageError(`--wait is a number of seconds, 0 to ${MOST_WAIT_SECONDS}`);
  return seconds * 1000;
};

const addReads = (command: Command, context: CommandContext): void => {
  const { show, administer } = context;
  command
    .command('list')
    .description('the calls that have not ended, oldest first')
    .option('--user <username>', 'those of one user')
    .action(({ user }: { user?: string }) =>
      administer(async (administration) => {
        const { calls } = administration;
        const owner = user === undefined ? undefined : await userNamed(administration, user);
        const ongoing = await calls.ongoing(owner?.id);
        const url = await publicUrlOf(administration, context);
        const rows = ongoing.map((call) => [
          ...[call.tokenCall, call.state, call.username, call.number, isoTime(call.createdAt) ?? ''],
        ]);
        const lines = [formatTable([['CALL', 'STATE', 'USER', 'NUMBER', 'SINCE'], ...rows])];
        show({ data: ongoing.map((call) => calls.represent(call, url)), lines });
      }),
    );

  command
    .command('show <token>')
    .description('a call, ongoing or ended, and what happened in it')
    .action((token: string) =>
      administer(async (administration) => {
        const { calls } = administration;
        const call = await calls.find(token);
        if (call === undefined) throw unknown(token);
        const events = await calls.events(token);
        const data = calls.represent(call, await publicUrlOf(administration, context));
        show({ data: { ...data, events: events.map(representEvent) }, lines: describe(call, events) });
      }),
    );
};

const addEnd = (command: Command, context: CommandContext): void => {
  const { show, administer } = context;
  command
    .command('end <token>')
    .description('end a call in whatever state it is, and wait until it has ended')
    .option('--wait <seconds>', 'how long to wait for the service', String(DEFAULT_WAIT_SECONDS))
    .action((token: string, { wait }: { wait: string }) =>
      administer(async (administration) => {
        const { calls } = administration;
        const waitMs = waitOf(wait);
        const ended = await calls.end(token, { waitMs });
        if (ended === undefined) throw unknown(token);
        const { how, call } = ended;
        if (how === 'asked') {
          throw new RefusedError(
            `The call goes on: the service did not end it within ${waitMs / 1000} seconds. Does it run? It ends the call once it finds that it is to.`,
          );
        }
        const data = calls.represent(call, await publicUrlOf(administration, context));
        show({
          data,
          said: [how === 'was-over' ? 'The call had ended already.' : `The call has ended: ${call.outcome ?? ''}.`],
        });
      }),
    );
};

/** `call list | show | end` */
export const addCallCommands = (program: Command, context: CommandContext): void => {
  const command = program.command('call').description('the calls of all users');
  addReads(command, context);
  addEnd(command, context);
};
