import type { Command } from 'commander';
import type { Administration } from '../app/administration.ts';
import { systemClock } from '../shared/clock.ts';
import { type User, userNamed } from './accounts.ts';
import { BY_COMMAND, type CommandContext, count } from './command-context.ts';
import { confirm, refuseUnaskable } from './confirm.ts';

/** As long as the service may take to find that calls are to end, and to end them. */
const CALLS_END_WITHIN_MS = 5000;

const LOSS = 'sessions, tokens, phones and applications of the user are deleted';

const named = (names: readonly string[], thing: string): string =>
  names.length === 0 ? count(0, thing) : `${count(names.length, thing)} (${names.join(', ')})`;

/** What goes with a user. */
interface Belongings {
  readonly phones: readonly string[];
  readonly applications: readonly string[];
  readonly sessions: number;
}

const belongingsOf = async ({ stores }: Administration, { id, username }: User): Promise<Belongings> => {
  const phones = await stores.phones.phonesOf({ userId: id, username });
  const applications = await stores.clients.listOwnedBy(id);
  const sessions = await stores.sessions.listOf(id, systemClock.now());
  return {
    phones: phones.map(({ name }) => name),
    applications: applications.map(({ name }) => name),
    sessions: sessions.length,
  };
};

/** What is about to happen, while there still is a way back. */
const warn = (username: string, { phones, applications, sessions }: Belongings, calls: number): readonly string[] => [
  `${username} is deleted, with:`,
  `  ${named(phones, 'phone')}: they cannot register any more`,
  `  ${named(applications, 'application')}: their tokens end, whoever allowed them`,
  `  ${count(sessions, 'session')}, and every token of ${username}`,
  `  ${count(calls, 'ongoing call')}: ended first`,
  `The journal keeps the calls of ${username} under that name, and the audit log what happened.`,
];

/** @returns how many calls were ended, and how many are only to end: the service does not run, or is slow */
const endCalls = async ({ calls }: Administration, { id }: User): Promise<{ ended: number; asked: number }> => {
  const ongoing = await calls.ongoing(id);
  const ends = await Promise.all(ongoing.map(({ tokenCall }) => calls.end(tokenCall, { waitMs: CALLS_END_WITHIN_MS })));
  const asked = ends.filter((end) => end?.how === 'asked').length;
  return { ended: ends.length - asked, asked };
};

/** @returns what became of the calls */
const deleteUser = async (administration: Administration, user: User): Promise<{ ended: number; asked: number }> => {
  const { users, auditLog } = administration;
  // No new call and no new token from here on.
  await users.setStatus(user.username, 'disabled');
  const calls = await endCalls(administration, user);
  await users.delete(user.username);
  // The name stands in the entry itself: nothing else knows it by the id any more.
  auditLog.record('user.deleted', { userId: user.id, detail: `${user.username}, ${BY_COMMAND.detail}` });
  return calls;
};

const notesOn = ({ username, sandbox }: User, asked: number): readonly string[] => [
  ...(sandbox ? [`${username} belongs to the sandbox, which makes it again at its next start.`] : []),
  ...(asked > 0
    ? [`${count(asked, 'call')} did not end yet: no service runs, or it is slow. It ends them once it can.`]
    : []),
];

/** `user delete` */
export const addUserDelete = (user: Command, { terminal, show, administer }: CommandContext): void => {
  user
    .command('delete <username>')
    .description('delete a user with sessions, tokens, phones and applications; the journal keeps the calls')
    .option('--yes', 'do not ask')
    .action((username: string, { yes }: { yes?: true }) =>
      administer(async (administration) => {
        refuseUnaskable(terminal, { yes, loss: LOSS });
        const found = await userNamed(administration, username);
        const deleted = await belongingsOf(administration, found);
        const ongoing = await administration.calls.ongoing(found.id);
        warn(found.username, deleted, ongoing.length).forEach(terminal.say);
        await confirm(terminal, { phrase: found.username, loss: LOSS, yes });
        const calls = await deleteUser(administration, found);
        const data = { username: found.username, deleted, calls };
        show({ data, said: [`Deleted ${found.username}.`], notes: notesOn(found, calls.asked) });
      }),
    );
};
