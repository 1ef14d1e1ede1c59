import type { CallRecord } from '../../../src/calls/call-record.ts';
import type { Outcome } from '../../../src/calls/call-state.ts';
import type { CallStore } from '../../../src/calls/call-store.ts';
import { aCall, aLeg, anEvent } from '../../contracts/records.ts';
import { seededRandom } from '../../support/seeded-random.ts';

export const START = Date.parse('2026-03-01T00:00:00Z');

const USERS = ['demo', 'alice', 'operator'];
const CLIENTS = ['demo-app', 'other-app'];
const NUMBERS = ['+12025550100', '+12025550199', '+442079460000', '201'];
const OUTCOMES: readonly (Outcome | null)[] = ['completed', 'completed', 'busy', 'no-answer', 'failed', null];

/** Calls of several users, clients, numbers and outcomes, several in one millisecond; null: not ended. The same in each run. */
export const somePastCalls = (count: number, seed: number): readonly CallRecord[] => {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  let createdAt = START;
  return Array.from({ length: count }, (_, index) => {
    createdAt += Math.floor(random() * 3) * 60_000;
    const username = pick(USERS);
    const outcome = pick(OUTCOMES);
    return aPastCall(`call-${index}`, {
      ...{ username, userId: `user-${username}`, clientId: pick(CLIENTS), number: pick(NUMBERS), createdAt },
      ...(outcome === null ? { state: 'dialling', outcome, endedAt: null } : { outcome }),
    });
  });
};

/** A call that has ended, as it is journalled. */
export const aPastCall = (tokenCall: string, changes: Partial<CallRecord> = {}): CallRecord =>
  aCall(tokenCall, {
    ...{ userId: 'user-demo', username: 'demo', clientId: 'demo-app', createdAt: START },
    ...{ state: 'ended', outcome: 'completed', endedBy: 'caller', endedLeg: 'caller', endedAt: START + 60_000 },
    legs: [aLeg('caller', { state: 'ended' }), aLeg('callee', { state: 'ended' })],
    ...changes,
  });

export const insertAll = async (store: CallStore, calls: readonly CallRecord[]): Promise<void> => {
  for (const call of calls) await store.insert(call, anEvent(1));
};
