import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PlaceCall, Requester } from '../../src/calls/call-command.ts';
import type { CallPolicyRules } from '../../src/calls/call-policy.ts';
import type { Placed } from '../../src/calls/placement.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';
import { cause } from '../support/scripted-engine.ts';

const worlds: CallWorld[] = [];
let world: CallWorld;
let demo: Requester;

const newWorld = async (rules: Partial<CallPolicyRules> = {}): Promise<CallWorld> => {
  const created = await createCallWorld(rules);
  worlds.push(created);
  return created;
};

const place = (command: Partial<PlaceCall> = {}, requester = demo): Promise<Placed> =>
  world.calls.place({ number: '+12025550100', ...command }, requester);

const codeOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Error && 'code' in error ? error.code : error;
};

beforeAll(async () => {
  world = await newWorld();
  demo = await world.addUser('demo', { extension: '100', callerIds: ['+12025550188'] });
  await world.addUser('alice', { extension: '201' });
});

beforeEach(() => {
  world.notified.length = 0;
  world.errors.length = 0;
});

afterAll(async () => {
  for (const created of worlds) await created.close();
});

describe('a call', () => {
  it('has dates that never go back, though the wall clock is set back during it', async () => {
    const { tokenCall } = await place();
    world.engine.last.answer('caller');
    world.engine.last.answer('callee');
    world.engine.last.tell({ type: 'joined' });
    const { createdAt, connectedAt } = await settleJournal(world, tokenCall);
    world.clock.step(-3_600_000);
    world.clock.advance(2000);
    world.engine.last.finish({ by: 'hangup', leg: 'callee', cause: cause(200, 'hangup') });
    const { endedAt, legs } = await settleJournal(world, tokenCall);
    world.clock.step(3_600_000);
    const dates = [createdAt, connectedAt, endedAt, ...legs.map((leg) => leg.endedAt)];
    expect(dates).toEqual([createdAt, createdAt, createdAt, createdAt, createdAt]);
  });

  it('is journalled before its INVITE leaves, and goes created, calling, dialling, connected, ended', async () => {
    const { tokenCall } = await place();
    expect((await world.stores.calls.find(tokenCall))?.state).toBe('created');
    const engineCall = world.engine.last;
    engineCall.answer('caller');
    expect((await settleJournal(world, tokenCall)).state).toBe('dialling');
    world.clock.advance(3000);
    engineCall.answer('callee');
    engineCall.tell({ type: 'joined' });
    expect((await settleJournal(world, tokenCall)).state).toBe('connected');
    world.clock.advance(12_400);
    engineCall.finish({ by: 'hangup', leg: 'callee', cause: cause(200, 'hangup') });
    const ended = await settleJournal(world, tokenCall);
    expect(ended).toMatchObject({ state: 'ended', outcome: 'completed', endedBy: 'callee', endedLeg: 'callee' });
    expect(ended.endedAt! - ended.connectedAt!).toBe(12_400);
    expect(ended.answeredAt).toBe(ended.connectedAt);
    expect(world.notified.map(({ event }) => event.name)).toEqual([
      ...['call.created', 'leg.calling', 'call.calling', 'leg.ringing', 'leg.answered', 'call.dialling'],
      ...['leg.calling', 'leg.ringing', 'leg.answered', 'call.connected'],
      ...['call.ended', 'leg.ended', 'leg.ended'],
    ]);
    expect(await world.stores.calls.events(tokenCall)).toEqual(world.notified.map(({ event }) => event));
  });

  it('shows the address that is being called, also when the next one is tried', async () => {
    const { tokenCall } = await place();
    world.engine.last.tell(
      { type: 'leg-calling', leg: 'caller', address: 'sip:desk@127.0.0.1' },
      { type: 'leg-calling', leg: 'caller', address: 'sip:mobile@127.0.0.1' },
    );
    const call = await settleJournal(world, tokenCall);
    expect(call).toMatchObject({ state: 'calling', legs: [{ address: 'sip:mobile@127.0.0.1', state: 'calling' }, {}] });
    await world.calls.stop(tokenCall, demo);
  });

  it('is never connected before both legs have answered', async () => {
    const { tokenCall } = await place();
    world.engine.last.answer('caller');
    world.engine.last.tell({ type: 'joined' });
    expect((await settleJournal(world, tokenCall)).state).toBe('dialling');
    await world.calls.stop(tokenCall, demo);
  });

  it('that ends before the destination was called leaves a leg that ended without a cause', async () => {
    const { tokenCall } = await place();
    world.engine.last.tell({ type: 'leg-calling', leg: 'caller', address: 'sip:demo@127.0.0.1' });
    world.engine.last.tell({
      type: 'over',
      verdict: { by: 'failure', leg: 'caller', failure: 'response', cause: cause(486, 'busy') },
    });
    const [caller, callee] = (await settleJournal(world, tokenCall)).legs;
    expect(caller).toMatchObject({ state: 'ending', sipStatus: 486, reason: 'busy', endedAt: null });
    expect(callee).toMatchObject({ state: 'ended', sipStatus: null, reason: null });
    world.engine.last.tell({ type: 'leg-ended', leg: 'caller', cause: cause(486, 'busy') });
    expect((await settleJournal(world, tokenCall)).legs[0].state).toBe('ended');
  });
});

describe('stop', () => {
  it.each([
    ['created', 'cancelled'],
    ['calling', 'cancelled'],
    ['dialling', 'cancelled'],
    ['connected', 'completed'],
  ])('in %s ends the call as %s, journalled before it resolves', async (state, outcome) => {
    const { tokenCall } = await place();
    const { last } = world.engine;
    if (state === 'calling') last.tell({ type: 'leg-calling', leg: 'caller', address: 'sip:demo@127.0.0.1' });
    if (state === 'dialling') last.answer('caller');
    if (state === 'connected') last.connect();
    const stopped = await world.calls.stop(tokenCall, demo);
    expect(stopped).toMatchObject({ state: 'ended', outcome, endedBy: 'user', endedLeg: null });
    expect(await world.stores.calls.find(tokenCall)).toMatchObject({ state: 'ended', outcome, endedBy: 'user' });
    expect(last.hangUps).toBe(1);
    const finished = await settleJournal(world, tokenCall);
    expect(finished.legs.map((leg) => leg.state)).toEqual(['ended', 'ended']);
    expect(await world.calls.stop(tokenCall, demo)).toEqual(finished);
    expect(await world.calls.info(tokenCall, demo)).toEqual(finished);
  });

  it('by an operator says so; to anybody else the call does not exist', async () => {
    const { tokenCall } = await place();
    const operator: Requester = { userId: 'user-op', username: 'op', clientId: 'demo-app', scope: 'everybody' };
    const stranger: Requester = { ...operator, scope: 'own' };
    expect(await codeOf(world.calls.stop(tokenCall, stranger))).toBe('call_not_found');
    expect(await codeOf(world.calls.info(tokenCall, stranger))).toBe('call_not_found');
    expect(await codeOf(world.calls.info('unknown', demo))).toBe('call_not_found');
    expect((await world.calls.info(tokenCall, operator)).username).toBe('demo');
    expect(await world.calls.list(stranger)).toEqual([]);
    expect((await world.calls.listAll()).map((call) => call.tokenCall)).toContain(tokenCall);
    expect(await world.calls.stop(tokenCall, operator)).toMatchObject({ endedBy: 'operator', outcome: 'cancelled' });
    expect((await world.calls.listAll()).map((call) => call.tokenCall)).not.toContain(tokenCall);
  });

  it('of a call that nobody carries any more closes it in the journal', async () => {
    const other = await newWorld();
    const owner = await other.addUser('demo');
    const { tokenCall } = await other.calls.place({ number: '+12025550100' }, owner);
    other.engine.last.answer('caller');
    other.journal.failures = 1000;
    await settleJournal(other, tokenCall);
    await other.clock.advanceAsync(120_000);
    other.journal.failures = 0;
    const stopped = await other.calls.stop(tokenCall, owner);
    expect(stopped).toMatchObject({ state: 'ended', outcome: 'cancelled' });
    expect(await other.calls.list(owner)).toEqual([]);
  });
});

describe('the journal', () => {
  it('that fails for long neither ends a call nor tells anything early, and catches up when it works again', async () => {
    const { tokenCall } = await place();
    world.engine.last.answer('caller');
    await settleJournal(world, tokenCall);
    world.notified.length = 0;
    world.journal.failures = Infinity;
    world.engine.last.answer('callee');
    world.engine.last.tell({ type: 'joined' });
    await world.clock.advanceAsync(3_600_000);
    expect(world.engine.last.hangUps).toBe(0);
    expect(world.notified).toEqual([]);
    expect(await world.calls.info(tokenCall, demo)).toMatchObject({ state: 'dialling' });
    expect(world.errors).toEqual(['a call could not be journalled']);
    world.journal.failures = 0;
    await world.clock.advanceAsync(2000);
    const call = await settleJournal(world, tokenCall);
    expect(call).toMatchObject({ state: 'connected' });
    const names = ['leg.calling', 'leg.ringing', 'leg.answered', 'call.connected'];
    expect(world.notified.map(({ event }) => event.name)).toEqual(names);
    const events = await world.stores.calls.events(tokenCall);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort((a, b) => a - b));
    await world.calls.stop(tokenCall, demo);
  });

  it('that cannot take the call at all leaves no call', async () => {
    const placed = world.engine.calls.length;
    world.journal.failures = 1;
    await expect(place()).rejects.toThrow('disk I/O error');
    expect(world.engine.calls).toHaveLength(placed);
    expect(await world.calls.list(demo)).toEqual([]);
  });

  it('makes stop fail when the end cannot be written, but the call is hung up', async () => {
    const { tokenCall } = await place();
    world.engine.last.connect();
    await settleJournal(world, tokenCall);
    world.journal.failures = 1;
    await expect(world.calls.stop(tokenCall, demo)).rejects.toMatchObject({
      code: 'end_not_stored',
      kind: 'unavailable',
    });
    expect(world.engine.last.hangUps).toBeGreaterThan(0);
    await world.clock.advanceAsync(250);
    await settleJournal(world, tokenCall);
    expect(await world.calls.stop(tokenCall, demo)).toMatchObject({ outcome: 'completed', endedBy: 'user' });
  });

  it('goes on when a listener throws', async () => {
    const fail = (): never => {
      throw new Error('a faulty listener');
    };
    world.calls.on('changed', fail);
    const { tokenCall } = await place();
    world.calls.off('changed', fail);
    expect(world.errors).toContain('a listener to calls failed');
    expect(await world.calls.stop(tokenCall, demo)).toMatchObject({ state: 'ended' });
  });

  it('closes a call that was refused though its commit was made, and frees its key', async () => {
    world.journal.lost = 1;
    const command = { number: '+12025550100', idempotencyKey: 'again' };
    await expect(world.calls.place(command, demo)).rejects.toMatchObject({ outcome: 'unknown' });
    expect(await world.calls.list(demo)).toHaveLength(1);
    await world.clock.advanceAsync(0);
    expect(await world.calls.list(demo)).toEqual([]);
    const { tokenCall, how } = await world.calls.place(command, demo);
    expect(how).toBe('placed');
    expect(await world.stores.calls.find(tokenCall)).toMatchObject({ state: 'created' });
    await world.calls.stop(tokenCall, demo);
  });

  it('is put in order at a start after a crash: lost before connected, completed after, as of when it was last known', async () => {
    const before = await newWorld();
    const owner = await before.addUser('demo');
    await before.stores.nodes.begin('node-1', before.clock.now());
    const ringing = await before.calls.place({ number: '+12025550100' }, owner);
    before.engine.last.answer('caller');
    const talking = await before.calls.place({ number: '+12025550100' }, owner);
    before.engine.last.connect();
    const ending = await before.calls.place({ number: '+12025550100' }, owner);
    before.engine.onHangUp = () => undefined;
    before.engine.last.connect();
    await before.calls.stop(ending.tokenCall, owner);
    await settleJournal(before, talking.tokenCall);
    before.notified.length = 0;

    before.clock.advance(10_000);
    const lastSeen = before.clock.now();
    await before.stores.nodes.beat('node-1', lastSeen);
    before.clock.advance(60_000);
    expect(await before.serve('node-2').recover()).toHaveLength(3);
    const find = (tokenCall: string) => before.stores.calls.find(tokenCall);
    const crashed = { endedBy: 'system', endedAt: lastSeen, owner: { nodeId: 'node-2', epoch: 2 } };
    expect(await find(ringing.tokenCall)).toMatchObject({ ...crashed, outcome: 'lost', endedLeg: null, talkMs: null });
    expect(await find(talking.tokenCall)).toMatchObject({ ...crashed, outcome: 'completed', talkMs: 10_000 });
    expect(await find(ending.tokenCall)).toMatchObject({ outcome: 'completed', endedBy: 'user' });
    expect(await before.serve('node-3').recover()).toEqual([]);
    const events = await before.stores.calls.events(talking.tokenCall);
    expect(events.slice(-3).map(({ name }) => name)).toEqual(['call.ended', 'leg.ended', 'leg.ended']);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  });
});

describe('place', () => {
  const PLUS_LOST = { plusPerhapsLost: new Set(['number']) };

  it.each([
    ['911', 'emergency'],
    ['+19005550100', 'prefix'],
    ['+448712345678', 'premium-rate'],
    ['+447012345678', 'personal-number'],
    ['+979123456789', 'premium-rate'],
    ['+870773111632', 'satellite'],
    ['+442079460000', 'country'],
  ])('says why %s is barred: %s', async (number, reason) => {
    await expect(place({ number })).rejects.toMatchObject({ code: 'destination_barred', details: { reason } });
  });

  it('bars costly numbers in a country that is allowed, until they are allowed', async () => {
    const barring = await newWorld({ barredPrefixes: [] });
    const allowing = await newWorld({ barredPrefixes: [], costlyNumbers: 'allowed' });
    const command = { number: '+1 900 555 0100' };
    await expect(barring.calls.place(command, await barring.addUser('bob'))).rejects.toMatchObject({
      details: { reason: 'premium-rate' },
    });
    expect(await allowing.calls.place(command, await allowing.addUser('bob'))).toMatchObject({ how: 'placed' });
  });

  it('where every country is allowed dials what may be a number, known or not', async () => {
    const other = await newWorld({ allowedCountries: [] });
    await other.calls.place({ number: '+39 612345678' }, await other.addUser('bob'));
    expect(other.engine.last.plan.destinationDisplay).toBe('+39612345678');
  });

  it('of a number whose plus may be lost dials the one that it can be, and takes phones and caller ids so', async () => {
    const other = await newWorld({ allowedCountries: ['US', 'NO'] });
    const bob = await other.addUser('bob', { callerIds: ['+12025550188'] });
    const endpoint = { kind: 'number', number: '+12025550123' } as const;
    await other.stores.phoneBook.addPhone({ userId: bob.userId, name: endpoint.number, endpoint });
    const plusPerhapsLost = new Set(['number', 'caller_id', 'from']);
    const command = { number: ' 4721234567', callerId: ' 12025550188', from: ' 12025550123', plusPerhapsLost };
    await other.calls.place(command, bob);
    expect(other.engine.last.plan).toMatchObject({
      caller: [endpoint],
      callee: [{ kind: 'number', number: '+4721234567' }],
      callerId: '+12025550188',
    });
  });

  it('takes an extension before a number, and rings that user with the extension of the caller', async () => {
    const { tokenCall } = await place({ number: '201' });
    expect(world.engine.last.plan).toMatchObject({
      caller: [{ kind: 'address', uri: 'sip:demo@127.0.0.1' }],
      callee: [{ kind: 'address', uri: 'sip:alice@127.0.0.1' }],
      destinationDisplay: '201',
      callerId: '100',
      timeoutSeconds: 30,
      destinationTimeoutSeconds: 60,
    });
    expect((await world.calls.stop(tokenCall, demo)).number).toBe('201');
    expect(await codeOf(place({ number: '100' }))).toBe('invalid_number');
  });

  it('reads a number as it is dialled at home, and shows only numbers that the user may show', async () => {
    const { tokenCall } = await place({ number: '(202) 555-0100', callerId: '202 555 0188', timeoutSeconds: 5 });
    expect(world.engine.last.plan).toMatchObject({
      callee: [{ kind: 'number', number: '+12025550100' }],
      callerId: '+12025550188',
      timeoutSeconds: 5,
    });
    await world.calls.stop(tokenCall, demo);
    expect(await codeOf(place({ callerId: '+12025550177' }))).toBe('caller_id_not_allowed');
    expect(await codeOf(place({ callerId: 'Bob' }))).toBe('caller_id_not_allowed');
  });

  it.each([
    ['not a number', { number: 'hello' }, 'invalid_number'],
    ['a number with letters', { number: '1-800-FLOWERS' }, 'invalid_number'],
    ['a feature code', { number: '*98' }, 'invalid_number'],
    ['a short code', { number: '411' }, 'invalid_number'],
    ['a number that no country has', { number: '+39 612345678' }, 'invalid_number'],
    ['a lost plus or a blank, where both are numbers', { number: ' 2035550100', ...PLUS_LOST }, 'invalid_number'],
    ['an emergency number of another script', { number: '٩١١' }, 'destination_barred'],
    ['an emergency number after an outside line', { number: '9,911' }, 'destination_barred'],
    ['an emergency number with an extension', { number: 'tel:911;ext=1' }, 'destination_barred'],
    ['an emergency number whose plus may be lost', { number: ' 911', ...PLUS_LOST }, 'destination_barred'],
    ["a country's emergency number whose plus may be lost", { number: ' 44999', ...PLUS_LOST }, 'destination_barred'],
    ['a number that is too long', { number: `+1${'2'.repeat(60)}` }, 'invalid_number'],
    ['an emergency number', { number: '911' }, 'destination_barred'],
    ['a country that is not allowed', { number: '+442079460000' }, 'destination_barred'],
    ['a neighbour under the same country code', { number: '+18765550123' }, 'destination_barred'],
    ['a satellite', { number: '+870773111632' }, 'destination_barred'],
    ['a barred prefix', { number: '+19005550100' }, 'destination_barred'],
    ['a phone that the user does not have', { from: 'sip:alice@127.0.0.1' }, 'invalid_request'],
    ['a timeout that is too short', { timeoutSeconds: 4 }, 'invalid_request'],
    ['a timeout that is not whole', { timeoutSeconds: 5.5 }, 'invalid_request'],
    ['a timeout that is too long', { destinationTimeoutSeconds: 121 }, 'invalid_request'],
  ])('refuses %s, and leaves no call', async (_name, command, code) => {
    const placed = world.engine.calls.length;
    expect(await codeOf(place(command))).toBe(code);
    expect(world.engine.calls).toHaveLength(placed);
    expect(await world.calls.list(demo)).toEqual([]);
  });

  it('wants a phone that can be reached: the named one, or the best of several', async () => {
    const other = await newWorld();
    const bob = await other.addUser('bob');
    const endpoint = { kind: 'address', uri: 'sip:mobile@127.0.0.1' } as const;
    await other.stores.phoneBook.addPhone({ userId: bob.userId, name: 'mobile', endpoint });
    const command = { number: '+12025550100' };
    await other.calls.place({ ...command, from: 'mobile' }, bob);
    expect(other.engine.last.plan.caller).toEqual([endpoint]);
    await other.calls.place(command, bob);
    expect(other.engine.last.plan.caller).toEqual([{ kind: 'address', uri: 'sip:bob@127.0.0.1' }, endpoint]);
    other.engine.unreachable.add('sip:bob@127.0.0.1');
    await other.calls.place(command, bob);
    expect(other.engine.last.plan.caller).toEqual([endpoint]);
    other.engine.unreachable.add('sip:mobile@127.0.0.1');
    expect(await codeOf(other.calls.place(command, bob))).toBe('no_phone');
    expect(await codeOf(other.calls.place(command, { ...bob, userId: 'nobody' }))).toBe('no_phone');
    other.engine.unreachable.clear();
    other.engine.unreachable.add('+12025550100');
    expect(await codeOf(other.calls.place(command, bob))).toBe('engine_unavailable');
  });

  it('counts exactly, also when calls are placed at the same time', async () => {
    const other = await newWorld({ maxOngoingCallsPerUser: 2, maxOngoingCalls: 3 });
    const [bob, eve] = [await other.addUser('bob'), await other.addUser('eve')];
    const attempt = (requester: Requester) => codeOf(other.calls.place({ number: '+12025550100' }, requester));
    const codes = await Promise.all([attempt(bob), attempt(bob), attempt(bob), attempt(eve), attempt(eve)]);
    expect(codes.filter((code) => code === 'too_many_calls')).toHaveLength(2);
    expect(other.engine.calls).toHaveLength(3);
    const [first] = await other.calls.list(bob);
    await other.calls.stop(first!.tokenCall, bob);
    expect(await attempt(bob)).toBeUndefined();
  });

  it('that the engine refuses after all still leaves a record', async () => {
    world.engine.state = 'stopped';
    const { tokenCall } = await place();
    world.engine.state = 'running';
    expect(await settleJournal(world, tokenCall)).toMatchObject({
      state: 'ended',
      outcome: 'failed',
      endedBy: 'system',
    });
  });
});

describe('an idempotency key', () => {
  it('gives the same call for the same command, however its number is written', async () => {
    const first = await place({ idempotencyKey: 'k1' });
    expect(first.how).toBe('placed');
    const again = await place({ idempotencyKey: 'k1', number: '1 202 555 0100' });
    expect(again).toEqual({ tokenCall: first.tokenCall, how: 'replayed' });
    await world.calls.stop(first.tokenCall, demo);
    expect(await place({ idempotencyKey: 'k1' })).toEqual(again);
  });

  it('with another command is a conflict; for another client it is another key', async () => {
    const { tokenCall } = await place({ idempotencyKey: 'k2' });
    expect(await codeOf(place({ idempotencyKey: 'k2', number: '+12025550101' }))).toBe('idempotency_conflict');
    const other = await place({ idempotencyKey: 'k2', number: '+12025550101' }, { ...demo, clientId: 'demo-js' });
    expect(other.how).toBe('placed');
    await world.calls.stop(tokenCall, demo);
    await world.calls.stop(other.tokenCall, demo);
  });

  it('sent twice at the same time makes one call', async () => {
    const placed = world.engine.calls.length;
    const command = { idempotencyKey: 'k3' };
    const [first, second, conflict] = await Promise.all([
      place(command),
      place(command),
      codeOf(place({ ...command, number: '+12025550101' })),
    ]);
    expect(second).toEqual({ tokenCall: first.tokenCall, how: 'replayed' });
    expect(conflict).toBe('idempotency_conflict');
    expect(world.engine.calls).toHaveLength(placed + 1);
    await world.calls.stop(first.tokenCall, demo);
  });

  it('is not used up by a refusal', async () => {
    expect(await codeOf(place({ idempotencyKey: 'k4', number: '+442079460000' }))).toBe('destination_barred');
    const { tokenCall, how } = await place({ idempotencyKey: 'k4' });
    expect(how).toBe('placed');
    await world.calls.stop(tokenCall, demo);
  });
});

describe('close', () => {
  it('waits for a leg that stays silent no longer than it may', async () => {
    const other = await newWorld();
    const bob = await other.addUser('bob');
    const { tokenCall } = await other.calls.place({ number: '+12025550100' }, bob);
    other.engine.last.connect();
    other.engine.onHangUp = () => undefined;
    const closed = other.calls.close();
    await settleJournal(other, tokenCall);
    await other.clock.advanceAsync(6000);
    await closed;
    expect(await other.stores.calls.find(tokenCall)).toMatchObject({ state: 'ended', legs: [{ state: 'ending' }, {}] });
  });

  it('takes no more calls, ends what is ongoing and waits for its legs', async () => {
    const other = await newWorld();
    const bob = await other.addUser('bob');
    const { tokenCall } = await other.calls.place({ number: '+12025550100' }, bob);
    other.engine.last.connect();
    other.engine.onHangUp = () => undefined;
    let state = 'closing';
    const closed = Promise.all([other.calls.close(), other.calls.close()]).then(() => (state = 'closed'));
    expect(await codeOf(other.calls.place({ number: '+12025550100' }, bob))).toBe('engine_unavailable');
    await settleJournal(other, tokenCall);
    expect([state, other.engine.last.hangUps]).toEqual(['closing', 1]);
    other.engine.last.finish({ by: 'request' });
    await closed;
    expect(await other.stores.calls.find(tokenCall)).toMatchObject({ outcome: 'completed', endedBy: 'system' });
    expect(other.clock.pendingTimers).toBe(0);
  });
});
