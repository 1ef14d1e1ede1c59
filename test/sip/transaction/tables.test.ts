import { describe, expect, it } from '@jest/globals';
import { inviteClientTable, nonInviteClientTable } from '../../../src/sip/transaction/client-tables.ts';
import { inviteServerTable, nonInviteServerTable } from '../../../src/sip/transaction/server-tables.ts';

interface Row {
  readonly next: string;
  readonly actions: readonly string[];
}
type Table = Readonly<Record<string, Readonly<Record<string, Row | undefined>>>>;

const machines: readonly (readonly [name: string, table: Table, initial: string])[] = [
  ['INVITE client', inviteClientTable, 'calling'],
  ['non-INVITE client', nonInviteClientTable, 'trying'],
  ['INVITE server', inviteServerTable, 'proceeding'],
  ['non-INVITE server', nonInviteServerTable, 'trying'],
];

/** Actions that need the response which the input carries. */
const readPayload = ['notifyResponse', 'notifyAccepted', 'notifyFinal', 'sendAck', 'sendReply', 'sendReplyOnce'];
const isResponse = (input: string) => /^\dxx|^final$/.test(input);

const rowsOf = (table: Table) =>
  Object.entries(table).flatMap(([state, rows]) =>
    Object.entries(rows).map(([input, row]) => ({ state, input, row: row! })),
  );

const reachableFrom = (table: Table, initial: string): Set<string> => {
  const reached = new Set([initial]);
  for (const state of reached) Object.values(table[state] ?? {}).forEach((row) => row && reached.add(row.next));
  return reached;
};

describe.each(machines)('the table of the %s transaction', (_name, table, initial) => {
  it('leads from the initial state to every other, and from each of them to the end', () => {
    expect([...reachableFrom(table, initial)].sort()).toEqual([...Object.keys(table), 'terminated'].sort());
    for (const state of Object.keys(table)) expect(reachableFrom(table, state)).toContain('terminated');
  });

  it('never reads a response where the input brings none', () => {
    const wrong = rowsOf(table).filter(
      ({ input, row }) => !isResponse(input) && row.actions.some((action) => readPayload.includes(action)),
    );
    expect(wrong).toEqual([]);
  });

  it('has a timer that ends every state entered by a final response', () => {
    const finals = rowsOf(table).filter(({ state, input, row }) => /[2-6]xx|final/.test(input) && row.next !== state);
    expect(finals.length).toBeGreaterThan(0);
    for (const { row } of finals) {
      const timers = Object.entries(table[row.next]!).filter(
        ([input, next]) => input.startsWith('timer') && next?.next === 'terminated',
      );
      expect(timers).toHaveLength(1);
      const [timer] = timers[0]!;
      expect(row.actions).toContain(`startT${timer.slice(1)}`);
    }
  });
});
