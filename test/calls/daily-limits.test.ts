import { afterEach, describe, expect, it } from '@jest/globals';
import type { Requester } from '../../src/calls/call-command.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';
import { cause } from '../support/scripted-engine.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let world: CallWorld;
let demo: Requester;

const open = async (perDay: { calls: number; minutes: number }): Promise<void> => {
  world = await createCallWorld({ perDay });
  demo = await world.addUser('demo');
};

afterEach(() => world.close());

/** A call that was talked for so long. */
const talk = async (minutes: number): Promise<void> => {
  const { tokenCall } = await world.calls.place({ number: '+12025550100' }, demo);
  world.engine.last.answer('caller');
  world.engine.last.answer('callee');
  world.engine.last.tell({ type: 'joined' });
  world.clock.advance(minutes * MINUTE);
  world.engine.last.finish({ by: 'hangup', leg: 'callee', cause: cause(200, 'hangup') });
  await settleJournal(world, tokenCall);
};

const refusal = async (calls = world.calls, requester = demo): Promise<unknown> =>
  calls.place({ number: '+12025550100' }, requester).then(
    () => 'placed',
    (error: unknown) => error,
  );

const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

describe('calls of a user in 24 hours', () => {
  it('are counted over a restart, and the refused one is told when its oldest falls out', async () => {
    await open({ calls: 2, minutes: 0 });
    const begin = world.clock.now();
    await talk(1);
    world.clock.advance(HOUR);
    await talk(1);
    const details = {
      reason: 'calls-per-day',
      again_at: at(begin + DAY),
      retryAfterSeconds: (begin + DAY - world.clock.now()) / 1000,
    };
    expect(await refusal()).toMatchObject({ code: 'too_many_calls', details });
    expect(await refusal(world.serve('node-2'))).toMatchObject({ code: 'too_many_calls', details });
    world.clock.advance(begin + DAY - world.clock.now());
    expect(await refusal()).toBe('placed');
    expect(await refusal()).toMatchObject({ details: { again_at: at(begin + MINUTE + HOUR + DAY) } });
  });

  it('are counted too while they are being placed', async () => {
    await open({ calls: 3, minutes: 0 });
    const placed = await Promise.all(Array.from({ length: 8 }, () => refusal()));
    expect(placed.filter((each) => each === 'placed')).toHaveLength(3);
  });

  it('are those of the user alone, and a refused one does not count', async () => {
    await open({ calls: 1, minutes: 0 });
    const alice = await world.addUser('alice');
    expect(await refusal()).toBe('placed');
    expect(await refusal()).toMatchObject({ details: { reason: 'calls-per-day' } });
    expect(await refusal(world.calls, alice)).toBe('placed');
  });
});

describe('minutes of a user in 24 hours', () => {
  it('are what was talked: the refused call is told when enough of them fall out', async () => {
    await open({ calls: 0, minutes: 30 });
    const begin = world.clock.now();
    await talk(5);
    await talk(26);
    expect(await refusal()).toMatchObject({ details: { reason: 'minutes-per-day', again_at: at(begin + DAY) } });
    expect(await refusal(world.serve('node-2'))).toMatchObject({ details: { reason: 'minutes-per-day' } });
    world.clock.advance(begin + DAY - world.clock.now());
    expect(await refusal()).toBe('placed');
  });

  it('have the talk of a call that goes on, which is not cut off', async () => {
    await open({ calls: 0, minutes: 10 });
    const { tokenCall } = await world.calls.place({ number: '+12025550100' }, demo);
    world.engine.last.answer('caller');
    world.engine.last.answer('callee');
    world.engine.last.tell({ type: 'joined' });
    await settleJournal(world, tokenCall);
    world.clock.advance(9 * MINUTE);
    expect(await refusal()).toBe('placed');
    world.clock.advance(MINUTE);
    expect(await refusal()).toMatchObject({ details: { reason: 'minutes-per-day' } });
    expect((await world.calls.info(tokenCall, demo)).state).toBe('connected');
  });

  it('have no part of calls that were not answered', async () => {
    await open({ calls: 0, minutes: 1 });
    expect(await refusal()).toBe('placed');
    world.clock.advance(HOUR);
    expect(await refusal()).toBe('placed');
  });
});
