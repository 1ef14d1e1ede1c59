import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { namesOf } from '../../src/calls/advance.ts';
import type { Requester } from '../../src/calls/call-command.ts';
import type { EngineEvent } from '../../src/calls/call-engine.ts';
import { type LegRole, type LegState, legTransitions } from '../../src/calls/call-state.ts';
import { replay } from '../../src/calls/feed/replay.ts';
import { talkSeconds } from '../../src/calls/outcome.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';
import { cause } from '../support/scripted-engine.ts';

/** What may happen to a call, in any order: most orders are none that an engine should tell. */
type Step =
  | { readonly do: 'tell'; readonly event: EngineEvent }
  | { readonly do: 'stop' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'turn' }
  | { readonly do: 'fail-write' };

const leg = fc.constantFrom<LegRole>('caller', 'callee');
const status = fc.constantFrom(null, 200, 404, 408, 486, 603);

const legEvent: fc.Arbitrary<EngineEvent> = fc.oneof(
  leg.map((role) => ({ type: 'leg-calling', leg: role, address: `sip:${role}@127.0.0.1` }) as const),
  leg.map((role) => ({ type: 'leg-ringing', leg: role, sipStatus: 180 }) as const),
  leg.map((role) => ({ type: 'leg-answered', leg: role, sipStatus: 200 }) as const),
);

const endEvent: fc.Arbitrary<EngineEvent> = fc.oneof(
  fc.constant({ type: 'over', verdict: { by: 'request' } } as const),
  fc
    .tuple(leg, status)
    .map(([role, code]) => ({ type: 'over', verdict: { by: 'hangup', leg: role, cause: cause(code) } }) as const),
  fc.tuple(leg, status, fc.constantFrom('response', 'timed-out', 'unreachable')).map(
    ([role, code, failure]) =>
      ({
        type: 'over',
        verdict: { by: 'failure', leg: role, failure, cause: cause(code) },
      }) as const,
  ),
  fc.tuple(leg, status).map(([role, code]) => ({ type: 'leg-ended', leg: role, cause: cause(code) }) as const),
);

const tell = (event: EngineEvent): Step => ({ do: 'tell', event });

const sensible: readonly Step[] = (['caller', 'callee'] as const)
  .flatMap((role) => [
    tell({ type: 'leg-calling', leg: role, address: `sip:${role}@127.0.0.1` }),
    tell({ type: 'leg-ringing', leg: role, sipStatus: 180 }),
    tell({ type: 'leg-answered', leg: role, sipStatus: 200 }),
  ])
  .concat(tell({ type: 'joined' }));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: legEvent.map(tell) },
  { weight: 2, arbitrary: endEvent.map(tell) },
  { weight: 1, arbitrary: fc.constant(tell({ type: 'joined' })) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'stop' }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5000 }).map((ms): Step => ({ do: 'wait', ms })) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'turn' }) },
);

/** A call that goes well for a while, and then anything. */
const history = (step: fc.Arbitrary<Step>): fc.Arbitrary<readonly Step[]> =>
  fc
    .tuple(fc.integer({ min: 0, max: sensible.length }), fc.array(step, { maxLength: 20 }))
    .map(([count, steps]) => [...sensible.slice(0, count), ...steps]);

let world: CallWorld;
let demo: Requester;

beforeAll(async () => {
  world = await createCallWorld({ maxOngoingCallsPerUser: 0 });
  demo = await world.addUser('demo');
  world.engine.onHangUp = () => undefined;
});

afterAll(() => world.close());

const runSteps = async (steps: readonly Step[]): Promise<string> => {
  world.notified.length = 0;
  const { tokenCall } = await world.calls.place({ number: '+12025550100' }, demo);
  const engineCall = world.engine.last;
  const stops: Promise<unknown>[] = [];
  const stop = () => stops.push(world.calls.stop(tokenCall, demo).catch((error: unknown) => error));
  for (const step of steps) {
    if (step.do === 'tell') engineCall.tell(step.event);
    else if (step.do === 'stop') stop();
    else if (step.do === 'wait') world.clock.advance(step.ms);
    else if (step.do === 'fail-write') world.journal.failures = 1;
    else await new Promise((resolve) => setImmediate(resolve));
  }
  world.journal.failures = 0;
  stop();
  engineCall.tell({ type: 'over', verdict: { by: 'request' } });
  for (const role of ['caller', 'callee'] as const)
    engineCall.tell({ type: 'leg-ended', leg: role, cause: cause(null) });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await world.clock.advanceAsync(60_000);
  await Promise.all(stops);
  return tokenCall;
};

const expectInvariants = async (tokenCall: string): Promise<void> => {
  const call = await settleJournal(world, tokenCall);
  const events = await world.stores.calls.events(tokenCall);
  expect(events.filter(({ name }) => name === 'call.ended')).toHaveLength(1);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(world.notified.map(({ event }) => event)).toEqual(events);
  expect(replay({ identity: call, owner: call.owner, events })).toEqual(world.notified);
  expect(world.notified.at(-1)?.call).toEqual(call);
  expect(call).toMatchObject({ state: 'ended', legs: [{ state: 'ended' }, { state: 'ended' }] });
  expect(talkSeconds(call) === null).toBe(call.outcome !== 'completed');
  if (call.connectedAt !== null) expect(call.outcome).toBe('completed');
  if (call.outcome === 'completed') expect(call.answeredAt).not.toBeNull();
  const told = world.notified.flatMap(namesOf);
  expect(told.indexOf('call.settled')).toBe(told.length - 1);
  for (const [before, after] of world.notified
    .slice(1)
    .map(({ call: next }, index) => [world.notified[index]!.call, next])) {
    const settled = { ...before, sequence: after!.sequence, legs: [] };
    if (before!.state === 'ended') expect({ ...after, legs: [] }).toEqual(settled);
    after!.legs.forEach(({ state }, index) => expectAllowed(before!.legs[index]!.state, state));
  }
};

const expectAllowed = (from: LegState, to: LegState): void => {
  if (from !== to) expect(legTransitions[from]).toContain(to);
};

describe('a call ends exactly once, whatever races', () => {
  it('keeps its promises in any order of engine events and stops', async () => {
    await fc.assert(
      fc.asyncProperty(history(anyStep), async (steps) => {
        await expectInvariants(await runSteps(steps));
      }),
      { numRuns: 150 },
    );
    expect(await world.stores.calls.takeOver('another-node')).toEqual([]);
    expect(world.errors).toEqual([]);
  }, 60_000);

  it('keeps them when writes of the journal fail between', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: anyStep },
      { weight: 1, arbitrary: fc.constant<Step>({ do: 'fail-write' }) },
    );
    await fc.assert(
      fc.asyncProperty(history(step), async (steps) => {
        await expectInvariants(await runSteps(steps));
      }),
      { numRuns: 100 },
    );
    expect(await world.stores.calls.takeOver('another-node')).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  }, 60_000);
});
