import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallRecord } from '../../src/calls/call-record.ts';
import type { CallStore } from '../../src/calls/call-store.ts';
import type { HistoryStore } from '../../src/features/history/history-store.ts';
import type { CallSearch, Position } from '../../src/features/history/model.ts';
import { aCall, anEvent, NOON } from './records.ts';

export interface HistoryStoreUnderTest {
  readonly calls: CallStore;
  readonly history: HistoryStore;
  close(): Promise<void>;
}

const everything: CallSearch = {
  ...{ whose: { kind: 'everybody' }, state: 'any', since: null, until: null },
  ...{ number: null, outcome: null, clientId: null, username: null },
};

const ended = { state: 'ended', outcome: 'busy', endedAt: NOON } as const;

/** What every driver of `HistoryStore` does. */
export const describeHistoryStore = (driver: string, open: () => Promise<HistoryStoreUnderTest>): void => {
  describe(`${driver}: history of calls`, () => {
    let store: HistoryStoreUnderTest;
    let history: HistoryStore;
    beforeEach(async () => {
      store = await open();
      history = store.history;
    });
    afterEach(() => store.close());

    const insert = async (...calls: readonly CallRecord[]): Promise<void> => {
      for (const call of calls) await store.calls.insert(call, anEvent(1));
    };
    const tokensAt = async (positions: readonly Position[]): Promise<string[]> =>
      (await history.calls(positions)).map(({ tokenCall }) => tokenCall);

    it('looks at no more calls than it may, newest first, and goes on after the last of them', async () => {
      const dates = [NOON, NOON + 5, NOON + 5, NOON + 5, NOON + 9];
      await insert(...dates.map((createdAt, index) => aCall(`t${index}`, { createdAt })));
      const first = await history.look(everything, { after: null, rows: 2 });
      expect(await tokensAt(first.found)).toEqual(['t4', 't3']);
      const second = await history.look(everything, { after: first.through, rows: 2 });
      expect(await tokensAt(second.found)).toEqual(['t2', 't1']);
      const last = await history.look(everything, { after: second.through, rows: 2 });
      expect([await tokensAt(last.found), last.through]).toEqual([['t0'], null]);
    });

    it('says how far it looked where it found nothing', async () => {
      await insert(aCall('t1'), aCall('t2', { createdAt: NOON + 1 }), aCall('t3', { ...ended, createdAt: NOON - 1 }));
      const search: CallSearch = { ...everything, state: 'ended' };
      const { found, through } = await history.look(search, { after: null, rows: 2 });
      expect([found, through?.createdAt]).toEqual([[], NOON]);
      const next = await history.look(search, { after: through, rows: 2 });
      expect([await tokensAt(next.found), next.through]).toEqual([['t3'], null]);
    });

    it('finds by every filter, whichever of two leaves less', async () => {
      await insert(
        ...Array.from({ length: 30 }, (_, index) => aCall(`many-${index}`, { createdAt: NOON + index })),
        aCall('rare', { ...ended, number: '201', createdAt: NOON - 1 }),
      );
      const searches: readonly Partial<CallSearch>[] = [
        { outcome: 'busy', username: 'demo' },
        { outcome: 'busy', clientId: 'app' },
        { number: { kind: 'exact', digits: '201' }, username: 'demo' },
        { whose: { kind: 'user', userId: 'user-1', username: 'demo' }, outcome: 'busy' },
        { whose: { kind: 'application', clientId: 'app', userIds: new Set(['user-1']) }, outcome: 'busy' },
      ];
      for (const search of searches) {
        const { found } = await history.look({ ...everything, ...search }, { after: null, rows: 5 });
        expect(await tokensAt(found)).toEqual(['rare']);
      }
    });

    it('gives calls as the journal does, in the order that was asked for, without those that are gone', async () => {
      await insert(aCall('t1'), aCall('t2', { ...ended, createdAt: NOON + 1 }));
      const { found } = await history.look(everything, { after: null, rows: 5 });
      const [second, first] = found as [Position, Position];
      expect(await history.calls([first, { createdAt: NOON, id: 4711 }, second])).toEqual([
        aCall('t1'),
        aCall('t2', { ...ended, createdAt: NOON + 1 }),
      ]);
      expect(await history.calls([])).toEqual([]);
    });

    it('measures what has ended and was no test, of whom it is asked, in the period', async () => {
      const another = aCall('t3', { ...ended, userId: 'user-2' });
      await insert(aCall('t1'), aCall('t2', ended), another, aCall('t4', { ...ended, purpose: 'test' }));
      const own = { kind: 'user', userId: 'user-1', username: 'demo' } as const;
      const period = { since: NOON, until: NOON + 1 };
      const measured = await history.measure({ whose: own, ...period }, { after: null, rows: 9 });
      const callee = { calledAt: null, trunk: null, ringingAt: null, answeredAt: null, endedAt: null, sipStatus: null };
      const unmeasured = { createdAt: NOON, username: 'demo', outcome: 'busy', talkMs: null, endedAt: NOON };
      expect(measured).toEqual({ found: [{ ...unmeasured, callee: { wasCalled: false, ...callee } }], through: null });
      const before = { since: null, until: NOON };
      expect((await history.measure({ whose: own, ...before }, { after: null, rows: 9 })).found).toEqual([]);
    });
  });
};
