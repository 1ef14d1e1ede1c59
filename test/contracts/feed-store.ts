import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CallFeed, type FeedPage } from '../../src/calls/feed/call-feed.ts';
import { readCursor, writeCursor } from '../../src/calls/feed/cursor.ts';
import { silentLog } from '../../src/shared/log.ts';
import type { Stores } from '../../src/storage/stores.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { aCall, anEvent, NOON } from './records.ts';

export interface FeedUnderTest {
  readonly stores: Pick<Stores, 'calls' | 'feed' | 'sweep'>;
  readonly clock: FakeClock;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** What every driver of `FeedStore` does, seen through `CallFeed`. */
export const describeFeedStore = (driver: string, open: () => Promise<FeedUnderTest>): void => {
  describe(`${driver}: feed of calls`, () => {
    let world: FeedUnderTest;
    let feed: CallFeed;
    const controller = new AbortController();

    const openFeed = (): CallFeed =>
      new CallFeed({ store: world.stores.feed, calls: world.stores.calls, clock: world.clock, log: silentLog });

    beforeEach(async () => {
      world = await open();
      await world.stores.feed.begin('file 1', 'epoch-1');
      feed = openFeed();
    });
    afterEach(() => world.close());

    const { signal } = controller;
    const insert = (token: string) => world.stores.calls.insert(aCall(token), anEvent(1));
    const update = (token: string, ...names: readonly ('call.calling' | 'call.dialling' | 'call.connected')[]) => {
      const events = names.map((name, index) => anEvent(index + 2, { name, payload: {} }));
      const state = names.at(-1)!.slice('call.'.length) as 'calling';
      return world.stores.calls.update(aCall(token, { sequence: names.length + 1, state }), [], events);
    };

    const told = (page: FeedPage | undefined): readonly string[] =>
      page?.kind === 'changes'
        ? page.changes.map(({ call, event }) => `${call.tokenCall} ${event.sequence} ${event.name} ${call.state}`)
        : [`reset ${page?.reason}: ${page?.calls.map(({ tokenCall }) => tokenCall).join()}`];

    it('tells every change in the order of the commits, each with the call as it was', async () => {
      const start = await feed.head();
      await insert('t1');
      await insert('t2');
      await update('t1', 'call.calling', 'call.dialling');
      const page = await feed.read(start);
      expect(told(page)).toEqual([
        't1 1 call.created created',
        't2 1 call.created created',
        't1 2 call.calling calling',
        't1 3 call.dialling dialling',
      ]);
      expect(told(await feed.read(page.cursor))).toEqual([]);
      expect(page.kind === 'changes' && page.changes[0]?.call).toEqual(aCall('t1'));
      expect(await feed.head()).toBe(page.cursor);
    });

    it('goes on after any change, also in the middle of one commit, in pages of any size', async () => {
      const start = await feed.head();
      await insert('t1');
      await update('t1', 'call.calling', 'call.dialling', 'call.connected');
      await insert('t2');
      const all = await feed.read(start);
      if (all.kind === 'reset') throw new Error('reset');
      for (const [index, { cursor }] of all.changes.entries()) {
        const rest = await feed.read(cursor);
        expect(rest).toEqual({ ...all, changes: all.changes.slice(index + 1) });
      }
      const seen: string[] = [];
      for (let page = await feed.read(start, 1); told(page).length > 0; page = await feed.read(page.cursor, 1)) {
        seen.push(...told(page));
      }
      expect(seen).toEqual(told(all));
    });

    it('begins anew for a cursor that is none, is foreign, is ahead, or is older than what is kept', async () => {
      await insert('t1');
      const first = await feed.read(writeCursor({ epoch: 'epoch-1', row: 0, left: 0 }));
      for (const cursor of ['', 'x', 'ümläut', '9'.repeat(2000), Buffer.from('epoch-1.1').toString('base64url')]) {
        expect(told(await feed.read(cursor))).toEqual(['reset unreadable: t1']);
      }
      expect(told(await feed.read(writeCursor({ epoch: 'other', row: 0, left: 0 })))).toEqual(['reset foreign: t1']);
      const ahead = writeCursor({ ...readCursor(first.cursor)!, row: 2 });
      expect(told(await feed.read(ahead))).toEqual(['reset future: t1']);

      await world.stores.calls.update(
        aCall('t1', { sequence: 2, state: 'ended', endedAt: NOON }),
        [],
        [
          anEvent(2, {
            name: 'call.ended',
            payload: { outcome: 'busy', endedBy: 'user', endedLeg: null, talkMs: null, cause: null },
          }),
        ],
      );
      await insert('t2');
      const last = await feed.head();
      await world.stores.sweep(NOON + 365 * DAY_MS + 1);
      expect(await world.stores.calls.find('t1')).toBeUndefined();
      expect(await world.stores.calls.find('t2')).toEqual(aCall('t2'));
      await world.stores.sweep(NOON + 366 * DAY_MS);
      expect(told(await feed.read(first.cursor))).toEqual(['reset expired: t2']);
      expect(told(await feed.read(last))).toEqual([]);
      await insert('t3');
      expect(told(await feed.read(last))).toEqual(['t3 1 call.created created']);
    });

    it('begins another epoch in another file, and keeps that of the same one', async () => {
      const cursor = await feed.head();
      await world.stores.feed.begin('file 1', 'epoch-2');
      expect(told(await openFeed().read(cursor))).toEqual([]);
      await world.stores.feed.begin('file 2', 'epoch-2');
      expect(told(await openFeed().read(cursor))).toEqual(['reset foreign: ']);
    });

    it('wakes a reader by a hint, and without one within a second', async () => {
      const pages = feed.follow(await feed.head(), { signal });
      const next = async (): Promise<readonly string[]> => told((await pages.next()).value ?? undefined);
      const hinted = next();
      await world.clock.advanceAsync(10);
      await insert('t1');
      feed.hint();
      expect(await hinted).toEqual(['t1 1 call.created created']);
      const found = next();
      await world.clock.advanceAsync(10);
      await insert('t2');
      await world.clock.advanceAsync(1000);
      expect(await found).toEqual(['t2 1 call.created created']);
      await pages.return();
      expect(world.clock.pendingTimers).toBe(0);
    });

    it('ends a reader that waits when it is aborted', async () => {
      const abort = new AbortController();
      const pages = feed.follow(await feed.head(), { signal: abort.signal });
      const waiting = pages.next();
      await world.clock.advanceAsync(10);
      abort.abort();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(world.clock.pendingTimers).toBe(0);
    });

    it('tells a slow reader and a fast one the same', async () => {
      const start = await feed.head();
      const read = async (pause: number, limit: number): Promise<readonly string[]> => {
        const seen: string[] = [];
        for await (const page of feed.follow(start, { signal, limit })) {
          seen.push(...told(page));
          if (seen.length >= 60) break;
          for (let turn = 0; turn < pause; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        }
        return seen;
      };
      const readers = [read(0, 100), read(20, 1)];
      for (let index = 0; index < 20; index += 1) {
        await insert(`t${index}`);
        feed.hint();
        await update(`t${index}`, 'call.calling', 'call.dialling');
        feed.hint();
      }
      const [fast, slow] = await Promise.all(readers);
      expect(slow).toEqual(fast);
      expect(new Set(fast).size).toBe(60);
    });
  });
};
