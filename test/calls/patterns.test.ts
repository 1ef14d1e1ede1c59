import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlaceCall, Requester } from '../../src/calls/call-command.ts';
import type { CallPlan } from '../../src/calls/call-engine.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';

let world: CallWorld;
let demo: Requester;

beforeAll(async () => {
  world = await createCallWorld({}, ['988', '*98', '*67.', '2XX', '9.', 'N11', '8.']);
  demo = await world.addUser('demo', { extension: '100' });
  await world.addUser('alice', { extension: '201' });
});

afterAll(() => world.close());

const planOf = async (command: PlaceCall): Promise<CallPlan> => {
  const { tokenCall } = await world.calls.place(command, demo);
  const { plan } = world.engine.last;
  await world.calls.stop(tokenCall, demo);
  return plan;
};

const refusalOf = async (number: string): Promise<object> => {
  const placed = world.engine.calls.length;
  const error: unknown = await world.calls.place({ number }, demo).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(world.engine.calls).toHaveLength(placed);
  return error as object;
};

describe('what is dialled and matches the pattern of a route', () => {
  it.each([
    ['988', '988', '988'],
    ['*98', '*98', '*98'],
    ['411', '411', 'N11'],
    ['(2) 02', '202', '2XX'],
    ['*67 202 555 0100', '*672025550100', '*67.'],
    ['9 202 555 0100', '92025550100', '9.'],
  ])('%j goes as %s to the route %s', async (number, digits, pattern) => {
    const plan = await planOf({ number });
    expect(plan).toMatchObject({ callee: [{ kind: 'pattern', digits, pattern }], destinationDisplay: digits });
  });

  it('is journalled and listed by its digits', async () => {
    const { tokenCall } = await world.calls.place({ number: '*98' }, demo);
    expect(await world.calls.info(tokenCall, demo)).toMatchObject({ number: '*98', legs: [{}, { address: '*98' }] });
    await world.calls.stop(tokenCall, demo);
  });

  it('gives way to an own extension', async () => {
    expect(await planOf({ number: '201' })).toMatchObject({
      callee: [{ kind: 'address', uri: 'sip:alice@127.0.0.1' }],
    });
  });

  it('leaves a number of the world alone, and remembers how it was dialled', async () => {
    expect(await planOf({ number: '(202) 555-0100' })).toMatchObject({
      callee: [{ kind: 'number', number: '+12025550100', dialled: '2025550100' }],
    });
  });

  it.each([
    ['911', 'emergency'],
    ['9911', 'emergency'],
    ['8911', 'emergency'],
    ['*67911', 'emergency'],
    ['*67112', 'emergency'],
    ['9 900 555 0100', 'prefix'],
    ['9 011 44 20 7946 0000', 'country'],
    ['9 011 881 612 345 678', 'satellite'],
  ])('%s is still barred, as %s', async (number, reason) => {
    expect(await refusalOf(number)).toMatchObject({ code: 'destination_barred', details: { reason } });
  });

  it.each(['*99', '#31#123', '300'])('%s, which no pattern takes, is no number', async (number) => {
    expect(await refusalOf(number)).toMatchObject({ code: 'invalid_number' });
  });
});

describe('digits behind a number', () => {
  it('are for the engine alone: neither journal nor number have them', async () => {
    const { tokenCall } = await world.calls.place({ number: '+12025550100;ext=4711' }, demo);
    expect(world.engine.last.plan).toMatchObject({ destinationDisplay: '+12025550100', digitsAfterAnswer: '4711' });
    const events = await world.stores.calls.events(tokenCall);
    expect(JSON.stringify([await world.calls.info(tokenCall, demo), events])).not.toContain('4711');
    await world.calls.stop(tokenCall, demo);
  });

  it('are left out of what an idempotency key remembers, but for how many there are', async () => {
    const first = { number: '+12025550100,12', idempotencyKey: 'digits' };
    const { tokenCall } = await world.calls.place(first, demo);
    expect(await world.calls.place(first, demo)).toEqual({ tokenCall, how: 'replayed' });
    await expect(world.calls.place({ ...first, number: '+12025550100,123' }, demo)).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
    await world.calls.stop(tokenCall, demo);
  });

  it('are at most 32', async () => {
    expect(await refusalOf(`+12025550100,${'1'.repeat(33)}`)).toMatchObject({ code: 'invalid_number' });
  });

  it('are steps of a test call', async () => {
    const script = { steps: [], lastsMs: 0, between: 'silence' } as const;
    await expect(world.calls.placeTest({ number: '+12025550100,1', script }, demo)).rejects.toThrow('make them a step');
  });
});

describe('a caller who does not want to be shown', () => {
  it('is anonymous to numbers and to extensions alike', async () => {
    expect((await planOf({ number: '+12025550100', callerId: 'anonymous' })).callerId).toBe('anonymous');
    expect((await planOf({ number: '201', callerId: 'Anonymous' })).callerId).toBe('anonymous');
  });
});

describe('a leg of several phones', () => {
  it('shows the phone that answered, though another one rang first', async () => {
    const { tokenCall } = await world.calls.place({ number: '+12025550100' }, demo);
    const { last } = world.engine;
    last.tell({ type: 'leg-calling', leg: 'caller', address: 'sip:desk@127.0.0.1' });
    last.tell({ type: 'leg-ringing', leg: 'caller', sipStatus: 180 });
    world.clock.advance(3000);
    last.tell({ type: 'leg-calling', leg: 'caller', address: 'sip:soft@127.0.0.1' });
    last.tell({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    const { legs } = await settleJournal(world, tokenCall);
    expect(legs[0]).toMatchObject({ address: 'sip:soft@127.0.0.1', state: 'answered' });
    expect((legs[0].answeredAt ?? 0) - (legs[0].ringingAt ?? 0)).toBe(3000);
    await world.calls.stop(tokenCall, demo);
  });
});
