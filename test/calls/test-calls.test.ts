import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Requester } from '../../src/calls/call-command.ts';
import type { PlacedTest, PlaceTest } from '../../src/calls/test-call.ts';
import { representCall } from '../../src/http/routes/call/call-representation.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';
import { cause } from '../support/scripted-engine.ts';

const NUMBER = '+12025550100';
const script: PlaceTest['script'] = { steps: [{ kind: 'wait', ms: 5 }], lastsMs: 3000, between: 'silence' };

let world: CallWorld;
/** Has no phone. */
let tester: Requester;

beforeEach(async () => {
  world = await createCallWorld({ maxOngoingCallsPerUser: 2 });
  tester = await world.addUser('tester');
  await world.stores.phoneBook.removePhone(tester.userId, 'sip:tester@127.0.0.1');
});

afterEach(() => world.close());

const placeTest = (command: Partial<PlaceTest> = {}): Promise<PlacedTest> =>
  world.calls.placeTest({ number: NUMBER, script, ...command }, tester);

const lastTest = () => world.engine.tests.at(-1)!;

describe('a test call', () => {
  it('is placed for a user without a phone, runs as any call, and its result has the call as it ended', async () => {
    const { tokenCall, result } = await placeTest({ destinationTimeoutSeconds: 7 });
    expect(lastTest().plan).toMatchObject({ destinationTimeoutSeconds: 7, script, destinationDisplay: NUMBER });
    expect(lastTest().plan).not.toHaveProperty('caller');
    await settleJournal(world, tokenCall);
    lastTest().complete({ digits: '5' });
    const { call, report } = await result;
    expect(report.digits).toBe('5');
    expect(call).toMatchObject({
      ...{ state: 'ended', outcome: 'completed', endedBy: 'caller', purpose: 'test' },
      legs: [{ address: 'test-phone', state: 'ended', sipStatus: null }, { state: 'ended' }],
    });
    expect(world.notified.map(({ event }) => event.name)).toEqual([
      ...['call.created', 'leg.calling', 'call.calling', 'leg.answered', 'call.dialling'],
      ...['leg.calling', 'leg.ringing', 'leg.answered', 'call.connected'],
      ...['call.ended', 'leg.ended', 'leg.ended'],
    ]);
  });

  it('is marked in the journal, in its events and in what the API shows; an ordinary call is not', async () => {
    const { tokenCall, result } = await placeTest();
    lastTest().complete();
    await result;
    const stored = await settleJournal(world, tokenCall);
    expect(stored.purpose).toBe('test');
    expect(await world.stores.calls.events(tokenCall)).toEqual(world.notified.map(({ event }) => event));
    expect(representCall(stored, 'http://localhost')).toMatchObject({ test: true });
    const demo = await world.addUser('demo');
    const ordinary = await world.calls.place({ number: NUMBER }, demo);
    const talk = await settleJournal(world, ordinary.tokenCall);
    expect(talk.purpose).toBe('talk');
    expect(representCall(talk, 'http://localhost')).not.toHaveProperty('test');
    // Records of one shape are what the engine of the language is fast with.
    expect(Object.keys(talk)).toEqual(Object.keys(stored));
  });

  it('is refused as any call is, and nothing is journalled then', async () => {
    for (const [number, code] of [
      ['nonsense', 'invalid_number'],
      ['911', 'destination_barred'],
      ['+19005550100', 'destination_barred'],
      ['+442079460000', 'destination_barred'],
    ] as const) {
      await expect(placeTest({ number })).rejects.toMatchObject({ code });
      await expect(world.calls.checkNumber(number, tester)).rejects.toMatchObject({ code });
    }
    world.engine.unreachable.add(NUMBER);
    await expect(placeTest()).rejects.toMatchObject({ code: 'engine_unavailable' });
    await world.calls.checkNumber(NUMBER, tester);
    expect(await world.calls.listAll()).toEqual([]);
    expect(world.engine.tests).toEqual([]);
  });

  it('counts with the calls of its user, until both its legs are over', async () => {
    const first = await placeTest();
    await placeTest();
    await expect(placeTest()).rejects.toMatchObject({ code: 'too_many_calls' });
    lastTest(); // the second goes on
    world.engine.tests[0]!.complete();
    await first.result;
    await placeTest();
  });

  it('that fails at the number says how, and is no failure of the result', async () => {
    const { result } = await placeTest();
    await settleJournal(world, (await world.calls.list(tester))[0]!.tokenCall);
    lastTest().refuse(486, 'busy');
    const { call, report } = await result;
    expect(call).toMatchObject({ outcome: 'busy', endedLeg: 'callee', legs: [{}, { sipStatus: 486 }] });
    expect(report).toMatchObject({ answerMs: null });
  });

  it('is ended by its user as any call, and its result has the call as it ended then', async () => {
    const { tokenCall, result } = await placeTest();
    expect(await world.calls.stop(tokenCall, tester)).toMatchObject({ state: 'ended', outcome: 'cancelled' });
    lastTest().reported({
      ...{ postDialMs: null, answerMs: null, talkMs: null, ringback: null, heard: null, digits: '', steps: [] },
    });
    expect((await result).call).toMatchObject({ outcome: 'cancelled', endedBy: 'user' });
  });

  it('is ended by the stop of the service, also while it is being placed, and its result comes', async () => {
    const ongoing = await placeTest();
    const placing = placeTest();
    await world.stores.users.findByUsername('tester');
    const closed = world.calls.close();
    world.engine.onTest = (call) =>
      call.reported({
        ...{ postDialMs: null, answerMs: null, talkMs: null, ringback: null, heard: null, digits: '', steps: [] },
      });
    world.engine.onTest(world.engine.tests[0]!);
    const placed = await placing.catch(() => undefined);
    expect((await ongoing.result).call).toMatchObject({ state: 'ended', endedBy: 'system' });
    if (placed !== undefined) expect((await placed.result).call).toMatchObject({ state: 'ended', endedBy: 'system' });
    await closed;
    await expect(placeTest()).rejects.toMatchObject({ code: 'engine_unavailable' });
  });

  it('whose phone could not measure has ended all the same, and its result is rejected', async () => {
    const { tokenCall, result } = await placeTest();
    await settleJournal(world, tokenCall);
    lastTest().finish({ by: 'engine', cause: cause(null, 'engine-unavailable') });
    lastTest().lost(new Error('the thread is lost'));
    await expect(result).rejects.toThrow('the thread is lost');
    expect(await settleJournal(world, tokenCall)).toMatchObject({ state: 'ended', outcome: 'failed' });
  });

  it('that the engine does not take ends as failed, and its result is rejected', async () => {
    await world.engine.stop();
    const { tokenCall, result } = await placeTest();
    await expect(result).rejects.toMatchObject({ name: 'NotMeasuredError' });
    expect(await settleJournal(world, tokenCall)).toMatchObject({ state: 'ended', outcome: 'failed' });
    expect(await world.calls.listAll()).toEqual([]);
  });

  it('whose result nobody waits for any more ends nothing but itself', async () => {
    const { tokenCall } = await placeTest();
    await settleJournal(world, tokenCall);
    lastTest().lost(new Error('the thread is lost'));
    lastTest().finish({ by: 'engine', cause: cause(null, 'engine-unavailable') });
    expect((await settleJournal(world, tokenCall)).state).toBe('ended');
  });

  it('that a crash left open is closed in the journal as lost, and is still a test call', async () => {
    const { tokenCall } = await placeTest();
    await settleJournal(world, tokenCall);
    const [closed] = await world.serve('node-2').recover();
    expect(closed).toMatchObject({ tokenCall, outcome: 'lost', purpose: 'test' });
  });

  it('whose journal refuses it leaves no call, and nobody waits for its end', async () => {
    world.journal.failures = 1;
    await expect(placeTest()).rejects.toThrow('disk I/O error');
    expect(world.engine.tests).toEqual([]);
    expect(await world.calls.list(tester)).toEqual([]);
  });
});
