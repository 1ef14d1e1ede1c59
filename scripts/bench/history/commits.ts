import type { CallEvent, CallFact } from '../../../src/calls/call-events.ts';
import type { CallRecord } from '../../../src/calls/call-record.ts';
import type { LegRole } from '../../../src/calls/call-state.ts';
import { waitingClock } from '../../../src/shared/clock.ts';
import { KyselyCallStore } from '../../../src/storage/calls/kysely-call-store.ts';
import { openSqlite } from '../../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { median, printTable } from '../figures.ts';
import { type FilledDatabase, openFilled } from './filled-database.ts';

const CALLS_BEFORE = 200_000;
const CALLS_A_BLOCK = 1500;
const AT_ONCE = 50;
const BLOCKS = 12;

/** What happens to each call, one write after the other. */
const life: readonly (readonly CallFact[])[] = [
  [{ name: 'leg.calling', payload: { leg: 'caller', address: 'sip:200@192.0.2.10', trunk: null } }],
  [{ name: 'leg.answered', payload: { leg: 'caller', sipStatus: 200 } }],
  [{ name: 'leg.calling', payload: { leg: 'callee', address: '+12025550100', trunk: 'carrier' } }],
  [{ name: 'leg.answered', payload: { leg: 'callee', sipStatus: 200 } }],
  [{ name: 'call.ended', payload: { outcome: 'completed', endedBy: 'user', endedLeg: null, talkMs: 1, cause: null } }],
  (['caller', 'callee'] as const).map((leg) => ({
    name: 'leg.ended',
    payload: { leg, sipStatus: 200, q850Cause: 16, reason: 'hangup' },
  })),
];

const created: CallFact = {
  name: 'call.created',
  payload: { callerId: null, callerAddress: 'sip:200@192.0.2.10', calleeAddress: '+12025550100' },
};

const newLeg = (role: LegRole): CallRecord['legs'][number] => ({
  ...{ role, address: 'sip:200@192.0.2.10', state: 'created', sipStatus: null, q850Cause: null, reason: null },
  ...{ ringingAt: null, answeredAt: null, endedAt: null },
});

let placed = 0;

const newCall = (now: number): CallRecord => {
  placed += 1;
  return {
    ...{ tokenCall: `bench-${placed}`, userId: `user-${placed % 1000}`, username: `name-${placed % 1000}` },
    ...{ clientId: `client-${placed % 10}`, number: `+1202${String((placed * 7919) % 1_000_000).padStart(7, '0')}` },
    ...{
      createdAt: now,
      purpose: 'talk',
      owner: { nodeId: 'node', epoch: 1 },
      sequence: 1,
      state: 'created',
      outcome: null,
    },
    ...{ endedBy: null, endedLeg: null, answeredAt: null, connectedAt: null, endedAt: null, talkMs: null },
    legs: [newLeg('caller'), newLeg('callee')],
  };
};

const place = async (store: KyselyCallStore): Promise<void> => {
  const at = waitingClock.now();
  let call = newCall(at);
  await store.insert(call, { ...created, sequence: 1, at });
  for (const facts of life) {
    const first = call.sequence + 1;
    const events = facts.map((fact, index): CallEvent => ({ ...fact, sequence: first + index, at }));
    const isOver = facts.some(({ name }) => name === 'call.ended') || call.state === 'ended';
    const state = isOver ? ({ state: 'ended', outcome: 'completed', endedAt: at } as const) : {};
    call = { ...call, ...state, sequence: call.sequence + facts.length };
    await store.update(call, ['caller', 'callee'], events);
  }
};

/** @returns microseconds of processor time a call */
const measureBlock = async (store: KyselyCallStore): Promise<number> => {
  const before = process.cpuUsage();
  let left = CALLS_A_BLOCK;
  const worker = async (): Promise<void> => {
    for (; left > 0; left -= 1) await place(store);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS_A_BLOCK;
};

const HISTORY_INDEXES = ['time', 'username', 'client_id', 'number', 'outcome'].map((name) => `calls_by_${name}`);

const dropIndexes = ({ path }: FilledDatabase): void => {
  const file = openSqlite(path);
  for (const name of HISTORY_INDEXES) file.exec(`drop index ${name}`);
  file.close();
};

/** The journal of a call with the indexes of the history and without them, block by block in one process. */
export const measureCommits = async (): Promise<void> => {
  const filling = { calls: CALLS_BEFORE, users: 1000, numbers: 100_000 };
  const [bare, indexed] = [await openFilled(filling), await openFilled(filling)];
  try {
    dropIndexes(bare);
    const [without, withThem] = [bare, indexed].map(({ database }) => new KyselyCallStore(database, waitingClock));
    if (without === undefined || withThem === undefined) return;
    const figures: [number[], number[]] = [[], []];
    for (let block = 0; block <= BLOCKS; block += 1) {
      const pair = [await measureBlock(without), await measureBlock(withThem)] as const;
      if (block > 0) pair.forEach((figure, index) => figures[index]?.push(figure));
    }
    const [one, other] = [median(figures[0]), median(figures[1])];
    printTable([
      ['journal of a call, seven writes', 'µs of processor', 'ratio'],
      ['without the indexes of the history', one.toFixed(0), '1.00'],
      ['with them', other.toFixed(0), (other / one).toFixed(2)],
    ]);
  } finally {
    await bare.close();
    await indexed.close();
  }
};
