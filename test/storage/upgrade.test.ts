import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kysely, Migrator } from 'kysely';
import * as users from '../../db/migrations/0001-users.ts';
import * as calls from '../../db/migrations/0002-calls.ts';
import * as oauth from '../../db/migrations/0003-oauth.ts';
import * as sip from '../../db/migrations/0004-sip.ts';
import * as authorizationServer from '../../db/migrations/0005-authorization-server.ts';
import { replay } from '../../src/calls/feed/replay.ts';
import { silentLog } from '../../src/shared/log.ts';
import { KyselyCallStore } from '../../src/storage/calls/kysely-call-store.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { SqliteConnection } from '../../src/storage/dialects/sqlite/sqlite-connection.ts';
import { createSqliteDialect } from '../../src/storage/dialects/sqlite/sqlite-dialect.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { NOON } from '../contracts/records.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** The tables as version 0.1.0 made them. */
const released = {
  '0001-users': users,
  '0002-calls': calls,
  '0003-oauth': oauth,
  '0004-sip': sip,
  '0005-authorization-server': authorizationServer,
};

const makeReleased = async (path: string): Promise<void> => {
  const builder = new Kysely<unknown>({ dialect: createSqliteDialect(new SqliteConnection(path)) });
  const provider = { getMigrations: () => Promise.resolve({ ...released }) };
  const { error } = await new Migrator({ db: builder, provider }).migrateToLatest();
  await builder.destroy();
  if (error !== undefined) throw error as Error;
};

/** What version 0.1.0 wrote of two calls at the same time: one that was talked in, one that a crash left open. */
const writeCalls = (path: string): void => {
  const file = openSqlite(path);
  const insertCall = file.prepare(
    `insert into calls (id, token_call, user_id, username, client_id, number, state, outcome, ended_by, ended_leg,
      created_at, answered_at, connected_at, ended_at) values (?, ?, 'user-1', 'demo', 'app', '+12025550100', ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  insertCall.run(1, 'over', 'ended', 'completed', 'callee', 'callee', NOON, NOON + 40, NOON + 50, NOON + 3050);
  insertCall.run(2, 'open', 'calling', null, null, null, NOON, null, null, null);
  const insertLeg = file.prepare(
    `insert into legs (call_id, role, address, state, sip_status, q850_cause, reason, ringing_at, answered_at, ended_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  insertLeg.run(1, 'caller', 'sip:demo@h', 'ended', 200, null, 'hangup', NOON + 10, NOON + 20, NOON + 3070);
  insertLeg.run(1, 'callee', 'sip:x@h', 'ended', 200, 16, 'hangup', NOON + 30, NOON + 40, NOON + 3060);
  insertLeg.run(2, 'caller', 'sip:demo@h', 'calling', null, null, null, null, null, null);
  insertLeg.run(2, 'callee', '+12025550100', 'created', null, null, null, null, null, null);
  const insertEvent = file.prepare(
    'insert into call_events (call_id, sequence, name, at, payload) values (?, ?, ?, ?, ?)',
  );
  const [caller, callee] = [
    { leg: 'caller', address: 'sip:demo@h' },
    { leg: 'callee', address: 'sip:x@h' },
  ];
  const events: [call: number, sequence: number, name: string, at: number, payload: object][] = [
    [1, 1, 'call.created', 0, { number: '+12025550100', callerId: '+12025550199' }],
    [1, 2, 'leg.calling', 1, caller],
    [2, 1, 'call.created', 0, { number: '+12025550100', callerId: null }],
    [1, 3, 'call.calling', 1, {}],
    [2, 2, 'leg.calling', 2, caller],
    [1, 4, 'leg.ringing', 10, { ...caller, sipStatus: 180 }],
    [1, 5, 'leg.answered', 20, { ...caller, sipStatus: 200 }],
    [1, 6, 'call.dialling', 20, {}],
    [2, 3, 'call.calling', 2, {}],
    [1, 7, 'leg.calling', 21, callee],
    [1, 8, 'leg.ringing', 30, { ...callee, sipStatus: 180 }],
    [1, 9, 'leg.answered', 40, { ...callee, sipStatus: 200 }],
    [1, 10, 'call.connected', 50, {}],
    [1, 11, 'call.ended', 3050, { outcome: 'completed', endedBy: 'callee', endedLeg: 'callee' }],
    [1, 12, 'leg.ended', 3060, { ...callee, sipStatus: 200, q850Cause: 16, reason: 'hangup' }],
    [1, 13, 'leg.ended', 3070, { ...caller, sipStatus: 200, q850Cause: null, reason: 'hangup' }],
  ];
  for (const [call, sequence, name, at, payload] of events) {
    insertEvent.run(call, sequence, name, NOON + at, JSON.stringify(payload));
  }
  file.close();
};

describe('a database of version 0.1.0', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'offhook-upgrade-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('keeps its calls and what happened in them, and a crash that it saw is put in order', async () => {
    const path = join(directory, 'offhook.db');
    await makeReleased(path);
    writeCalls(path);
    const clock = new FakeClock(NOON);
    const database = await openDatabase({ url: `sqlite:${path}?synchronous=normal`, clock, log: silentLog });
    const store = new KyselyCallStore(database, clock);

    const over = await store.find('over');
    expect(over).toMatchObject({ state: 'ended', talkMs: 3000, sequence: 13, owner: { nodeId: '', epoch: 0 } });
    const events = await store.events('over');
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    expect(events[0]?.payload).toEqual({
      callerId: '+12025550199',
      callerAddress: 'sip:demo@h',
      calleeAddress: 'sip:x@h',
    });
    const last = replay({ identity: over!, owner: over!.owner, events }).at(-1)?.call;
    expect({ ...last, talkMs: 3000 }).toEqual(over);

    const [taken] = await store.takeOver('node-1');
    expect(taken).toMatchObject({ call: { tokenCall: 'open', sequence: 3, owner: { nodeId: 'node-1', epoch: 1 } } });
    expect((await store.events('open')).map(({ name }) => name)).toEqual([
      'call.created',
      'leg.calling',
      'call.calling',
    ]);
    await database.close();
  });
});
