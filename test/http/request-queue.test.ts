import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Lane, RequestQueue } from '../../src/http/request-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let queue: RequestQueue;
let begun: string[];

beforeEach(() => {
  clock = new FakeClock();
  queue = new RequestQueue(clock);
  begun = [];
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request that takes so long before it first waits. */
const add = (lane: Lane, name: string, tookMs = 0.25): void =>
  queue.add(lane, () => {
    begun.push(name);
    clock.advance(tookMs);
  });

/** Runs turns until nothing waits. */
const settle = async (total: number): Promise<void> => {
  while (begun.length < total) await nextTurn();
};

describe('the queue of requests', () => {
  it('begins at once what comes while the turn has time', async () => {
    add('call', 'call 1');
    add('other', 'other 1');
    expect(begun).toEqual(['call 1', 'other 1']);
    add('hang-up', 'late');
    expect(begun).toHaveLength(2);
    await settle(3);
    expect(begun.at(-1)).toBe('late');
  });

  it('begins what is over in its order, hang-ups first, calls and others by turns', async () => {
    add('other', 'the turn is full', 0.5);
    for (const number of [1, 2, 3]) add('call', `call ${number}`);
    for (const number of [1, 2]) add('other', `other ${number}`);
    for (const number of [1, 2]) add('hang-up', `hang-up ${number}`);
    await settle(8);
    expect(begun.slice(1, 3)).toEqual(['hang-up 1', 'hang-up 2']);
    expect(begun.filter((name) => name.startsWith('call'))).toEqual(['call 1', 'call 2', 'call 3']);
    expect(new Set(begun.slice(3, 5).map((name) => name.split(' ')[0]))).toEqual(new Set(['call', 'other']));
  });

  it('takes no more of a turn than its share, so that sockets are read between', async () => {
    add('other', 'the turn is full', 0.5);
    for (let count = 0; count < 30; count += 1) add('call', `call ${count}`, 0.5);
    let before = begun.length;
    while (begun.length < 31) {
      await nextTurn();
      expect(begun.length - before).toBeLessThanOrEqual(2);
      before = begun.length;
    }
  });

  it('lets nobody overtake those who wait', async () => {
    add('other', 'the turn is full', 0.5);
    add('other', 'waits');
    clock.advance(10);
    add('other', 'comes later');
    await settle(3);
    expect(begun).toEqual(['the turn is full', 'waits', 'comes later']);
  });

  it('keeps the order of a lane that is long, and never empty while it is served', async () => {
    const names = Array.from({ length: 700 }, (_, index) => `call ${index}`);
    add('other', 'the turn is full', 0.5);
    for (const name of names) add('call', name);
    await settle(701);
    expect(begun.slice(1)).toEqual(names);
  });

  it('tells how long the oldest call waits', async () => {
    expect(queue.oldestCallMs).toBe(0);
    add('other', 'the turn is full', 0.5);
    add('call', 'call 1');
    clock.advance(30);
    add('call', 'call 2');
    expect(queue.oldestCallMs).toBe(30);
    await settle(3);
    expect(queue.oldestCallMs).toBe(0);
  });
});
