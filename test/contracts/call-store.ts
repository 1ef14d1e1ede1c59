import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallStore } from '../../src/calls/call-store.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { aCall, aKey, aLeg, anEvent, HOUR, NOON, outcomeOf } from './records.ts';

export interface CallStoreUnderTest {
  readonly calls: CallStore;
  readonly clock: FakeClock;
  sweep(now: number): Promise<void>;
  close(): Promise<void>;
}

/** What every driver of `CallStore` does. */
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
        state: 'ended',
        outcome: 'busy',
        endedBy: 'callee',
        endedLeg: 'callee',
        answeredAt: NOON + 6,
        connectedAt: NOON + 7,
        endedAt: NOON + 8,
        legs: [caller, callee],
      });
      await calls.update(changed, ['callee'], [anEvent(2, 'call.ended')]);
      expect(await calls.find('t1')).toEqual({ ...changed, legs: [aLeg('caller'), callee] });
      expect(await calls.events('t1')).toEqual([anEvent(1), anEvent(2, 'call.ended')]);
      expect(await calls.find('t2')).toEqual(aCall('t2'));
      await calls.update(changed, [], [anEvent(3, 'call.told')]);
      expect((await calls.find('t1'))?.legs[0]).toEqual(aLeg('caller'));
    });

    it('applies the writes of one call in their order, though none is awaited between them', async () => {
      const states = ['calling', 'dialling', 'connected', 'ended'] as const;
      const writes = [
        calls.insert(aCall('t1'), anEvent(1)),
        ...states.map((state, index) => calls.update(aCall('t1', { state }), ['caller'], [anEvent(index + 2, state)])),
      ];
      await Promise.all(writes);
      expect((await calls.find('t1'))?.state).toBe('ended');
      expect((await calls.events('t1')).map(({ name }) => name)).toEqual(['call.created', ...states]);
    });

    it('changes nothing when an event of that sequence is journalled already', async () => {
      await calls.insert(aCall('t1'), anEvent(1));
      const changed = aCall('t1', { state: 'calling', legs: [aLeg('caller', { state: 'calling' }), aLeg('callee')] });
      expect(await outcomeOf(calls.update(changed, ['caller'], [anEvent(1, 'call.calling')]))).toBe('rejected');
      expect(await calls.find('t1')).toEqual(aCall('t1'));
      expect(await outcomeOf(calls.insert(aCall('t1'), anEvent(1), aKey('k', 't1')))).toBe('rejected');
      expect(await calls.findIdempotent('k', 'user-1', 'app')).toBeUndefined();
      await expect(calls.update(aCall('unknown'), [], [anEvent(2)])).rejects.toThrow('not in the journal');
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
      await calls.update(aCall('old', { state: 'ended', createdAt: NOON + 1 }), [], [anEvent(2)]);
      expect(tokens(await calls.ongoingOf('user-1'))).toEqual(['young']);
      expect(tokens(await calls.ongoing())).toEqual(['young', 'theirs']);
    });

    it('keeps a call unfinished until both of its legs have ended', async () => {
      const ended = (role: 'caller' | 'callee') => aLeg(role, { state: 'ended' });
      const over = (legs: [ReturnType<typeof aLeg>, ReturnType<typeof aLeg>]) => aCall('t1', { state: 'ended', legs });
      await calls.insert(aCall('t1'), anEvent(1));
      await calls.insert(aCall('t0', { createdAt: NOON - 1 }), anEvent(1));
      await calls.update(over([aLeg('caller'), ended('callee')]), ['callee'], [anEvent(2)]);
      expect((await calls.unfinished()).map(({ tokenCall }) => tokenCall)).toEqual(['t0', 't1']);
      await calls.update(over([ended('caller'), ended('callee')]), ['caller'], [anEvent(3)]);
      expect((await calls.unfinished()).map(({ tokenCall }) => tokenCall)).toEqual(['t0']);
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
