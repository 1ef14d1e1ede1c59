import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallFact } from '../../src/calls/call-events.ts';
import type { CallRecord } from '../../src/calls/call-record.ts';
import type { CallStore } from '../../src/calls/call-store.ts';
import type { NodeStore } from '../../src/calls/ownership/node-store.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { aCall, aKey, aLeg, anEvent, HOUR, NOON, outcomeOf } from './records.ts';

export interface CallStoreUnderTest {
  readonly calls: CallStore;
  readonly nodes: NodeStore;
  readonly clock: FakeClock;
  sweep(now: number): Promise<void>;
  close(): Promise<void>;
}

const ended: CallFact = {
  name: 'call.ended',
  payload: { outcome: 'completed', endedBy: 'user', endedLeg: null, talkMs: 1234, cause: null },
};

/** What every driver of `CallStore` does, and of the nodes beside it. */
export const describeCallStore = (driver: string, open: () => Promise<CallStoreUnderTest>): void => {
  describe(`${driver}: journal of calls`, () => {
    let store: CallStoreUnderTest;
    let calls: CallStore;

    beforeEach(async () => {
      store = await open();
      calls = store.calls;
    });
    afterEach(() => store.close());

    it('gives a call back as it was inserted, with its legs and its event', async () => {
      const call = aCall('t1', { legs: [aLeg('caller', { address: 'sip:ümläut@host' }), aLeg('callee')] });
      expect(await calls.insert(call, anEvent(1))).toBeUndefined();
      expect(await calls.find('t1')).toEqual(call);
      expect(await calls.events('t1')).toEqual([anEvent(1)]);
      expect(await calls.find('t2')).toBeUndefined();
      expect(await calls.events('t2')).toEqual([]);
    });

    it('knows a call of a test phone from others', async () => {
      const call = aCall('t1', { purpose: 'test' });
      await calls.insert(call, anEvent(1));
      expect(await calls.find('t1')).toEqual(call);
    });

    it('journals every field of a change, the changed legs only, and appends the event', async () => {
      await calls.insert(aCall('t1'), anEvent(1));
      await calls.insert(aCall('t2'), anEvent(1));
      const caller = aLeg('caller', { state: 'ended', endedAt: NOON + 9 });
      const callee = aLeg('callee', {
        address: 'sip:other@127.0.0.1',
        state: 'ended',
        sipStatus: 486,
        q850Cause: 17,
        reason: 'busy',
        ringingAt: NOON + 3,
        answeredAt: NOON + 4,
        endedAt: NOON + 5,
      });
      const changed = aCall('t1', {
        sequence: 2,
        state: 'ended',
        outcome: 'busy',
        endedBy: 'callee',
        endedLeg: 'callee',
        answeredAt: NOON + 6,
        connectedAt: NOON + 7,
        endedAt: NOON + 8,
        talkMs: 1234,
        legs: [caller, callee],
      });
      expect(await calls.update(changed, ['callee'], [anEvent(2, ended)])).toBe('written');
      expect(await calls.find('t1')).toEqual({ ...changed, legs: [aLeg('caller'), callee] });
      expect(await calls.events('t1')).toEqual([anEvent(1), anEvent(2, ended)]);
      expect(await calls.find('t2')).toEqual(aCall('t2'));
      await calls.update({ ...changed, sequence: 3 }, [], [anEvent(3, { name: 'call.dialling', payload: {} })]);
      expect((await calls.find('t1'))?.legs[0]).toEqual(aLeg('caller'));
    });

    it('gives every kind of event back as it was, whatever its fields are', async () => {
      const odd = 'sip:o\\d\t"d\n@h;x=+1\\t\u2028';
      const cause = { sipStatus: 486, q850Cause: null, reason: odd };
      const facts: readonly CallFact[] = [
        { name: 'call.created', payload: { callerId: '+12025550199', callerAddress: odd, calleeAddress: '' } },
        { name: 'call.calling', payload: {} },
        { name: 'call.dialling', payload: {} },
        { name: 'call.connected', payload: {} },
        { name: 'call.ended', payload: { outcome: 'busy', endedBy: 'callee', endedLeg: 'callee', talkMs: 0, cause } },
        {
          name: 'call.ended',
          payload: { outcome: 'lost', endedBy: 'user', endedLeg: null, talkMs: null, cause: null },
        },
        {
          name: 'call.ended',
          payload: {
            ...{ outcome: 'failed', endedBy: 'caller', endedLeg: 'caller', talkMs: null },
            cause: { sipStatus: null, q850Cause: 31, reason: 'timeout' },
          },
        },
        ...(['caller', 'callee'] as const).flatMap((leg): readonly CallFact[] => [
          { name: 'leg.calling', payload: { leg, address: odd, trunk: odd } },
          { name: 'leg.calling', payload: { leg, address: odd, trunk: null } },
          { name: 'leg.ringing', payload: { leg, sipStatus: 183 } },
          { name: 'leg.answered', payload: { leg, sipStatus: 202 } },
          { name: 'leg.ended', payload: { leg, sipStatus: null, q850Cause: null, reason: null } },
          { name: 'leg.ended', payload: { leg, sipStatus: 200, q850Cause: 16, reason: odd } },
        ]),
      ];
      const events = facts.map((fact, index) => anEvent(index + 1, fact));
      const last = { sequence: events.length };
      await calls.insert(aCall('t1'), events[0]!);
      await calls.update(aCall('t1', last), [], events.slice(1));
      expect(await calls.events('t1')).toEqual(events);
    });

    it('applies the writes of one call in their order, though none is awaited between them', async () => {
      const states = ['calling', 'dialling', 'connected'] as const;
      const writes = [
        calls.insert(aCall('t1'), anEvent(1)),
        ...states.map((state, index) => {
          const sequence = index + 2;
          const event = anEvent(sequence, { name: `call.${state}`, payload: {} });
          return calls.update(aCall('t1', { state, sequence }), ['caller'], [event]);
        }),
      ];
      await Promise.all(writes);
      expect((await calls.find('t1'))?.state).toBe('connected');
      const names = (await calls.events('t1')).map(({ name }) => name);
      expect(names).toEqual(['call.created', ...states.map((state) => `call.${state}`)]);
    });

    it('writes once what is written again, and what is new in it', async () => {
      await calls.insert(aCall('t1'), anEvent(1));
      const calling = aCall('t1', { sequence: 2, state: 'calling' });
      const [second, third] = [anEvent(2, { name: 'call.calling', payload: {} }), anEvent(3, ended)];
      expect(await calls.update(calling, [], [second])).toBe('written');
      expect(await calls.update(calling, [], [second])).toBe('written');
      const over = aCall('t1', { sequence: 3, state: 'ended' });
      expect(await calls.update(over, [], [second, third])).toBe('written');
      expect(await calls.events('t1')).toEqual([anEvent(1), second, third]);
      expect(await calls.find('t1')).toEqual(over);
    });

    it('writes what nobody waits for with the commit that comes next, as it is when that begins', async () => {
      await calls.insert(aCall('t1'), anEvent(1));
      const [second, third] = [anEvent(2, { name: 'call.calling', payload: {} }), anEvent(3, ended)];
      const over = aCall('t1', { sequence: 3, state: 'ended' });
      const events = [second];
      const followed = calls.follow(() => ({ call: over, changedLegs: [], events }));
      events.push(third);
      calls.hurry();
      expect(await followed).toBe('written');
      expect(await calls.find('t1')).toEqual(over);
      expect(await calls.events('t1')).toEqual([anEvent(1), second, third]);
      const foreign = aCall('t1', { owner: { nodeId: 'node-2', epoch: 1 }, sequence: 4 });
      const refused = calls.follow(() => ({ call: foreign, changedLegs: [], events: [anEvent(4, ended)] }));
      calls.hurry();
      expect(await refused).toBe('not-owned');
    });

    it('lets only the owner write, and knows no call that was not inserted', async () => {
      await calls.insert(aCall('t1'), anEvent(1));
      for (const owner of [
        { nodeId: 'node-2', epoch: 1 },
        { nodeId: 'node-1', epoch: 2 },
      ]) {
        const foreign = aCall('t1', { owner, sequence: 2, state: 'ended' });
        expect(await calls.update(foreign, ['caller'], [anEvent(2, ended)])).toBe('not-owned');
      }
      expect(await calls.find('t1')).toEqual(aCall('t1'));
      expect(await calls.events('t1')).toEqual([anEvent(1)]);
      expect(await calls.update(aCall('unknown', { sequence: 2 }), [], [anEvent(2, ended)])).toBe('not-owned');
      expect(await outcomeOf(calls.insert(aCall('t1'), anEvent(1), aKey('k', 't1')))).toBe('rejected');
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toBeUndefined();
    });

    it('hands the calls of dead nodes over, with a new epoch and what is known of the node', async () => {
      const ended = (role: 'caller' | 'callee') => aLeg(role, { state: 'ended' });
      const ofNode = (nodeId: string, token: string, createdAt: number) =>
        aCall(token, { owner: { nodeId, epoch: 4 }, createdAt });
      await store.nodes.begin('dead', NOON);
      await store.nodes.beat('dead', NOON + 5);
      await store.nodes.begin('live', NOON + 6);
      const [young, old] = [ofNode('dead', 'young', NOON + 2), ofNode('gone', 'old', NOON + 1)];
      const mine = ofNode('live', 'mine', NOON);
      const over = {
        ...ofNode('dead', 'over', NOON),
        state: 'ended',
        legs: [ended('caller'), ended('callee')],
      } as const;
      const ending: CallRecord = {
        ...ofNode('dead', 'ending', NOON + 3),
        ...{ state: 'ended', legs: [aLeg('caller'), ended('callee')] },
      };
      for (const call of [young, old, mine, over, ending]) await calls.insert(call, anEvent(1));

      const owner = { nodeId: 'live', epoch: 5 };
      expect(await calls.takeOver('live')).toEqual([
        { call: { ...old, owner }, nodeSeenAt: null },
        { call: { ...young, owner }, nodeSeenAt: NOON + 5 },
        { call: { ...ending, owner }, nodeSeenAt: NOON + 5 },
      ]);
      expect(await calls.takeOver('live')).toEqual([]);
      expect(await calls.find('young')).toEqual({ ...young, owner });
      expect(await calls.find('over')).toEqual(over);
      expect(await calls.update({ ...young, sequence: 2 }, [], [anEvent(2)])).toBe('not-owned');
      await store.nodes.forgetOthers('live');
      await calls.insert(ofNode('dead', 'late', NOON), anEvent(1));
      expect(await calls.takeOver('live')).toMatchObject([{ nodeSeenAt: null }]);
    });

    it('keeps what others want to end, until the call has ended', async () => {
      await calls.insert(aCall('t1'), anEvent(1));
      await calls.insert(aCall('t2'), anEvent(1));
      await calls.requestEnd({ tokenCall: 't1', endedBy: 'operator' });
      expect(await calls.endRequests('node-1')).toEqual([{ tokenCall: 't1', endedBy: 'operator' }]);
      expect(await calls.endRequests('node-2')).toEqual([]);
      await calls.update(aCall('t1', { sequence: 2, state: 'ended' }), [], [anEvent(2, ended)]);
      await calls.requestEnd({ tokenCall: 't1', endedBy: 'user' });
      expect(await calls.endRequests('node-1')).toEqual([]);
    });

    it('withdraws a call that was refused though it is there, and frees its key', async () => {
      await calls.insert(aCall('t1'), anEvent(1), aKey('k', 't1'));
      const failed = aCall('t1', { sequence: 2, state: 'ended', outcome: 'failed' });
      expect(await calls.withdraw(failed, [anEvent(2, ended)], aKey('k', 't1'))).toBe('written');
      expect(await calls.find('t1')).toEqual(failed);
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toBeUndefined();
      await calls.insert(aCall('t2'), anEvent(1), aKey('k', 't2'));
      const unknown = aCall('t3', { sequence: 2, state: 'ended' });
      expect(await calls.withdraw(unknown, [anEvent(2, ended)], aKey('k', 't3'))).toBe('not-owned');
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toEqual(aKey('k', 't2'));
    });

    it('lists ongoing calls oldest first, of one user or of all, and counts them', async () => {
      await calls.insert(aCall('young', { createdAt: NOON + 2 }), anEvent(1));
      await calls.insert(aCall('old', { createdAt: NOON + 1 }), anEvent(1));
      await calls.insert(aCall('over', { state: 'ended' }), anEvent(1));
      await calls.insert(aCall('theirs', { userId: 'user-2', createdAt: NOON + 3, state: 'connected' }), anEvent(1));
      const tokens = (records: readonly { tokenCall: string }[]) => records.map(({ tokenCall }) => tokenCall);
      expect(await calls.ongoingOf('user-1')).toEqual([
        aCall('old', { createdAt: NOON + 1 }),
        aCall('young', { createdAt: NOON + 2 }),
      ]);
      expect(tokens(await calls.ongoing())).toEqual(['old', 'young', 'theirs']);
      expect(await calls.ongoingOf('user-3')).toEqual([]);
      await calls.update(aCall('old', { sequence: 2, state: 'ended', createdAt: NOON + 1 }), [], [anEvent(2, ended)]);
      expect(tokens(await calls.ongoingOf('user-1'))).toEqual(['young']);
      expect(tokens(await calls.ongoing())).toEqual(['young', 'theirs']);
    });

    it('gives an idempotency key to one of 50 simultaneous inserts and gives the others the call that has it', async () => {
      const tokens = Array.from({ length: 50 }, (_, index) => `t${index}`);
      const held = await Promise.all(
        tokens.map((token) => calls.insert(aCall(token), anEvent(1), aKey('k', token, { fingerprint: `of ${token}` }))),
      );
      expect(held[0]).toBeUndefined();
      expect(held.slice(1)).toEqual(tokens.slice(1).map(() => aKey('k', 't0', { fingerprint: 'of t0' })));
      expect(await calls.ongoing()).toHaveLength(1);
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toEqual(aKey('k', 't0', { fingerprint: 'of t0' }));
    });

    it('keeps idempotency keys apart by user and client, for a day', async () => {
      const insert = (token: string, owner: { userId?: string; clientId?: string } = {}) =>
        calls.insert(aCall(token), anEvent(1), aKey('k', token, owner));
      await insert('t1');
      expect(await insert('t2', { userId: 'user-2' })).toBeUndefined();
      expect(await insert('t3', { clientId: 'other' })).toBeUndefined();
      store.clock.advance(24 * HOUR - 1);
      expect(await insert('t4')).toEqual(aKey('k', 't1'));
      store.clock.advance(1);
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toBeUndefined();
      expect(await insert('t4')).toBeUndefined();
      await store.sweep(store.clock.now());
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toEqual(aKey('k', 't4'));
      expect(await calls.find('t1')).toEqual(aCall('t1'));
    });
  });
};
