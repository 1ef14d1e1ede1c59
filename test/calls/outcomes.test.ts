import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Requester } from '../../src/calls/call-command.ts';
import type { Verdict } from '../../src/calls/call-engine.ts';
import type { CallPolicyRules } from '../../src/calls/call-policy.ts';
import { talkSeconds } from '../../src/calls/outcome.ts';
import type { Placed } from '../../src/calls/placement.ts';
import { type CallWorld, createCallWorld, settleJournal } from '../support/call-world.ts';
import { cause } from '../support/scripted-engine.ts';

let world: CallWorld;
let demo: Requester;

const place = (): Promise<Placed> => world.calls.place({ number: '+12025550100' }, demo);

beforeAll(async () => {
  world = await createCallWorld();
  demo = await world.addUser('demo');
});

afterAll(() => world.close());

describe('a call', () => {
  const response = (sipStatus: number, q850Cause: number | null = null): Verdict => ({
    by: 'failure',
    leg: 'callee',
    failure: 'response',
    cause: { ...cause(sipStatus), q850Cause },
  });
  const outcomes: readonly (readonly [string, 'ringing' | 'silent', Verdict, string, string])[] = [
    ['486', 'ringing', response(486), 'busy', 'callee'],
    ['600', 'silent', response(600), 'busy', 'callee'],
    ['603', 'ringing', response(603), 'declined', 'callee'],
    ['607', 'ringing', response(607), 'declined', 'callee'],
    ['608', 'silent', response(608), 'declined', 'callee'],
    ['404', 'silent', response(404), 'unreachable', 'callee'],
    ['410', 'silent', response(410), 'unreachable', 'callee'],
    ['480 after ringing', 'ringing', response(480), 'no-answer', 'callee'],
    ['480 without ringing', 'silent', response(480), 'unreachable', 'callee'],
    ['480 that stands for the cause 18', 'silent', response(480, 18), 'unreachable', 'callee'],
    ['480 with the cause 19', 'silent', response(480, 19), 'no-answer', 'callee'],
    ['500 with the cause 18', 'silent', response(500, 18), 'no-answer', 'callee'],
    ['503 with the cause 19', 'silent', response(503, 19), 'no-answer', 'callee'],
    ['503 with another cause', 'ringing', response(503, 41), 'failed', 'callee'],
    ['486 with the cause 19', 'ringing', response(486, 19), 'busy', 'callee'],
    ['302', 'ringing', response(302), 'failed', 'callee'],
    ['487 of its own', 'ringing', response(487), 'failed', 'callee'],
    ['606', 'silent', response(606), 'failed', 'callee'],
    ['484', 'silent', response(484), 'unreachable', 'callee'],
    ['604', 'silent', response(604), 'unreachable', 'callee'],
    ['408 after ringing', 'ringing', response(408), 'no-answer', 'callee'],
    ['408 without ringing', 'silent', response(408), 'unreachable', 'callee'],
    ['503', 'silent', response(503), 'failed', 'callee'],
    ['488', 'ringing', response(488), 'failed', 'callee'],
    [
      'our ring timer',
      'ringing',
      { by: 'failure', leg: 'callee', failure: 'timed-out', cause: cause(null, 'timeout') },
      'no-answer',
      'system',
    ],
    [
      'no provisional response',
      'silent',
      { by: 'failure', leg: 'callee', failure: 'unreachable', cause: cause(null) },
      'unreachable',
      'system',
    ],
    [
      'no answer of a leg whose cause is 18',
      'silent',
      { by: 'failure', leg: 'callee', failure: 'unreachable', cause: { ...cause(null), q850Cause: 18 } },
      'unreachable',
      'system',
    ],
    ["the caller's hang-up", 'ringing', { by: 'hangup', leg: 'caller', cause: cause(200) }, 'cancelled', 'caller'],
    ['an engine that cannot go on', 'silent', { by: 'engine', cause: cause(null) }, 'failed', 'system'],
  ];

  it.each(outcomes)(
    'that is not connected and meets %s (%s) ends as reported',
    async (_name, ring, verdict, outcome, endedBy) => {
      const { tokenCall } = await place();
      world.engine.last.answer('caller');
      world.engine.last.tell({ type: 'leg-calling', leg: 'callee', address: 'sip:x@127.0.0.1' });
      if (ring === 'ringing') world.engine.last.tell({ type: 'leg-ringing', leg: 'callee', sipStatus: 180 });
      world.engine.last.finish(verdict);
      const call = await settleJournal(world, tokenCall);
      const endedLeg = verdict.by === 'failure' || verdict.by === 'hangup' ? verdict.leg : null;
      expect(call).toMatchObject({ state: 'ended', outcome, endedBy, endedLeg, connectedAt: null });
      expect(call.legs.map(({ state }) => state)).toEqual(['ended', 'ended']);
    },
  );

  const BOTH_ANSWERED: readonly (readonly [string, Verdict, string, number | null])[] = [
    ["the callee's hang-up", { by: 'hangup', leg: 'callee', cause: cause(200) }, 'completed', 2],
    ["the caller's hang-up", { by: 'hangup', leg: 'caller', cause: cause(200) }, 'completed', 2],
    ['media that are not acceptable', response(488), 'failed', null],
    ['an engine that cannot go on', { by: 'engine', cause: cause(null) }, 'failed', null],
  ];

  it.each(BOTH_ANSWERED)(
    'that both have answered meets %s before it is joined',
    async (_name, verdict, outcome, talk) => {
      const { tokenCall } = await place();
      world.engine.last.answer('caller');
      world.engine.last.answer('callee');
      world.clock.advance(2000);
      world.engine.last.finish(verdict);
      const call = await settleJournal(world, tokenCall);
      expect([call.outcome, call.connectedAt, talkSeconds(call)]).toEqual([outcome, null, talk]);
    },
  );

  it('that both have answered and that is stopped before it is joined is completed', async () => {
    const { tokenCall } = await place();
    world.engine.last.answer('caller');
    world.engine.last.answer('callee');
    const stopped = await world.calls.stop(tokenCall, demo);
    expect(stopped).toMatchObject({ outcome: 'completed', endedBy: 'user', connectedAt: null, talkMs: 0 });
  });

  describe('whose leg does not confirm its end', () => {
    const placeAndEnd = async (other: CallWorld, requester: Requester) => {
      const { tokenCall } = await other.calls.place({ number: '+12025550100' }, requester);
      other.engine.last.connect();
      await other.calls.stop(tokenCall, requester);
      expect(await other.calls.list(requester)).toEqual([]);
      return other.engine.last;
    };
    const worldOf = async (rules: Partial<CallPolicyRules>) => {
      const other = await createCallWorld(rules);
      other.engine.onHangUp = () => undefined;
      return { other, bob: await other.addUser('bob') };
    };
    const tooMany = { code: 'too_many_calls' };

    it('takes a line of the service until its last leg is over', async () => {
      const { other, bob } = await worldOf({ maxOngoingCalls: 1 });
      const eve = await other.addUser('eve');
      const call = await placeAndEnd(other, bob);
      await expect(other.calls.place({ number: '+12025550100' }, eve)).rejects.toMatchObject(tooMany);
      call.tell({ type: 'over', verdict: { by: 'request' } }, { type: 'leg-ended', leg: 'caller', cause: cause(200) });
      await expect(other.calls.place({ number: '+12025550100' }, eve)).rejects.toMatchObject(tooMany);
      call.tell({ type: 'leg-ended', leg: 'callee', cause: cause(null) });
      await settleJournal(other, call.plan.tokenCall);
      expect(await other.calls.place({ number: '+12025550100' }, eve)).toMatchObject({ how: 'placed' });
      await other.close();
    });

    it('does not keep its user from dialling again', async () => {
      const { other, bob } = await worldOf({ maxOngoingCallsPerUser: 1 });
      await placeAndEnd(other, bob);
      expect(await other.calls.place({ number: '+12025550100' }, bob)).toMatchObject({ how: 'placed' });
      await expect(other.calls.place({ number: '+12025550100' }, bob)).rejects.toMatchObject(tooMany);
      await other.close();
    });

    it('counts for its user where there are several of them, as of a program that dials without end', async () => {
      const { other, bob } = await worldOf({ maxOngoingCallsPerUser: 1 });
      const ending = [];
      for (let count = 0; count < 5; count += 1) ending.push(await placeAndEnd(other, bob));
      await expect(other.calls.place({ number: '+12025550100' }, bob)).rejects.toMatchObject(tooMany);
      ending[0]!.finish({ by: 'request' });
      await settleJournal(other, ending[0]!.plan.tokenCall);
      expect(await other.calls.place({ number: '+12025550100' }, bob)).toMatchObject({ how: 'placed' });
      await other.close();
    });
  });
});
