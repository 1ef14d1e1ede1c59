import { afterEach, describe, expect, it } from '@jest/globals';
import type { TrunkLimits } from '../../../../src/engines/sip/call/trunk-load.ts';
import { expectNothingLeft, mediaOf, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

afterEach(() => expectNothingLeft(world));

/** The first trunk takes so much, the second all. */
const open = async (limits: Partial<TrunkLimits>): Promise<void> => {
  world = await SipWorld.started({ busyToneMs: 0, firstTrunk: { maxCalls: 0, maxCallsPerSecond: 0, ...limits } });
  for (const party of [world.phone, world.carrier, world.nextCarrier]) world.answering(party);
};

describe('a trunk that takes so many calls', () => {
  it('is passed over while it has them, and used again when one is over', async () => {
    await open({ maxCalls: 1 });
    const first = world.place();
    await world.elapse(1000);
    const second = world.place();
    await world.elapse(1000);
    expect([world.carrier.incoming.length, world.nextCarrier.incoming.length]).toEqual([1, 1]);
    expect(second.notified).toContain('joined');
    first.call.hangUp();
    await world.elapse(1000);
    const third = world.place();
    await world.elapse(1000);
    expect(world.carrier.incoming).toHaveLength(2);
    for (const { call } of [second, third]) call.hangUp();
    await world.elapse(1000);
  });

  it('counts a call that failed no more', async () => {
    await open({ maxCalls: 1 });
    world.carrier.listen((session) => session.reject(486));
    for (let calls = 1; calls <= 3; calls += 1) {
      world.place();
      await world.elapse(1000);
      expect(world.carrier.incoming).toHaveLength(calls);
    }
  });

  it('takes the second try of a call that it refused for its codecs', async () => {
    await open({ maxCalls: 1 });
    world.answering(world.phone, { media: mediaOf({ formats: '0 9 101' }) });
    world.carrier.listen((session) => session.reject(488));
    world.place();
    await world.elapse(1000);
    expect([world.carrier.incoming.length, world.nextCarrier.incoming.length]).toEqual([2, 0]);
  });
});

describe('a trunk that takes so many calls a second', () => {
  it('is passed over for the rest of the second', async () => {
    await open({ maxCallsPerSecond: 2 });
    const placed = [1, 2, 3].map(() => world.place());
    await world.elapse(500);
    expect([world.carrier.incoming.length, world.nextCarrier.incoming.length]).toEqual([2, 1]);
    await world.elapse(1000);
    placed.push(world.place());
    await world.elapse(500);
    expect(world.carrier.incoming).toHaveLength(3);
    for (const { call } of placed) call.hangUp();
    await world.elapse(1000);
  });
});

describe('the only trunk, full by the time that the user has answered', () => {
  it('ends the call with a word of its own', async () => {
    await open({ maxCalls: 1 });
    world.trunks.pop();
    const first = world.place();
    const second = world.place();
    await world.elapse(1000);
    expect(second.notified.slice(-3)).toEqual([
      'over: callee unreachable - trunk-full',
      'callee ended - trunk-full',
      'caller ended 200 trunk-full',
    ]);
    first.call.hangUp();
    await world.elapse(1000);
  });
});
