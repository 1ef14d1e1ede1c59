import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { settle } from '../support/fake-clock.ts';
import { note, noted, openServing, query, type ServingWorld } from './serving.ts';

const FULL = 'warn the database is unavailable: the disk is full';
const AGAIN = 'info the database is available again';

describe('the health of a database on a full disk', () => {
  let world: ServingWorld;
  const limitTo = (pages: number): Promise<unknown> =>
    query(world.database, sql`pragma max_page_count = ${sql.raw(String(pages))}`);
  const large = 'x'.repeat(300_000);

  beforeEach(async () => {
    world = await openServing();
  });
  afterEach(() => world.close());

  it('tells why, comes back without any request, and is logged once at each change', async () => {
    const { database, clock, log } = world;
    expect(database.health).toMatchObject({ state: 'available', reason: undefined, since: undefined });
    await limitTo(1);
    for (const name of ['note 1', 'note 2'])
      await expect(note(database, name, large)).rejects.toThrow('the disk is full');
    expect(database.health).toMatchObject({ state: 'unavailable', reason: 'disk-full', since: clock.elapsed() });
    await clock.advanceAsync(10_000);
    expect(database.health).toMatchObject({ state: 'unavailable', since: clock.elapsed() - 10_000 });
    expect(log.lines).toEqual([FULL]);
    await limitTo(1_000_000);
    await clock.advanceAsync(1000);
    expect(database.health).toMatchObject({ state: 'available' });
    expect(log.lines).toEqual([FULL, AGAIN]);
    await note(database, 'note 3', large);
    expect(await noted(database)).toEqual(['note 3']);
  });

  it('is not healed by a small write that finds the last room', async () => {
    const { database, clock } = world;
    await limitTo(1);
    await expect(note(database, 'note 1', large)).rejects.toThrow();
    await note(database, 'note 2');
    expect(database.health.state).toBe('unavailable');
    await clock.advanceAsync(5000);
    expect(database.health.state).toBe('unavailable');
  });

  it('is probed no more once the database is closed', async () => {
    const { database, clock } = world;
    await limitTo(1);
    await expect(note(database, 'note 1', large)).rejects.toThrow();
    await database.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a flush that fails', () => {
  let world: ServingWorld;
  let datasync: jest.Spied<() => Promise<void>>;

  beforeEach(async () => {
    world = await openServing('full');
    const probe = await open(join(world.stores.directory, 'probe'), 'w');
    datasync = jest.spyOn(Object.getPrototypeOf(probe) as { datasync: () => Promise<void> }, 'datasync');
    await probe.close();
  });
  afterEach(async () => {
    datasync.mockRestore();
    await world.close();
  });

  const failure = (code: string): Error => Object.assign(new Error(code), { code });

  it('leaves the outcome unknown, and stops writes until one succeeds; reads go on', async () => {
    const { database, clock, log } = world;
    datasync.mockRejectedValue(failure('ENOSPC'));
    const lost = { code: 'database_unavailable', reason: 'disk-full' };
    await expect(note(database, 'note 1')).rejects.toMatchObject({ ...lost, outcome: 'unknown' });
    await expect(note(database, 'note 2')).rejects.toMatchObject({ ...lost, outcome: 'undone' });
    expect(await noted(database)).toEqual(['note 1']);
    await clock.advanceAsync(249);
    expect(datasync).toHaveBeenCalledTimes(1);
    await clock.advanceAsync(1);
    expect(datasync).toHaveBeenCalledTimes(2);
    await clock.advanceAsync(10_000);
    const tries = datasync.mock.calls.length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(10);
    datasync.mockResolvedValue();
    await clock.advanceAsync(3000);
    expect(database.health.state).toBe('available');
    await note(database, 'note 3');
    expect(await noted(database)).toEqual(['note 1', 'note 3']);
    expect(log.lines).toEqual([FULL, AGAIN]);
  });

  it('refuses what came meanwhile, undone', async () => {
    const { database } = world;
    let fail: (error: Error) => void = () => undefined;
    datasync.mockImplementationOnce(() => new Promise((_resolve, reject) => (fail = reject)));
    const first = note(database, 'note 1');
    while (datasync.mock.calls.length === 0) await settle();
    const second = note(database, 'note 2');
    fail(failure('EIO'));
    const results = await Promise.allSettled([first, second]);
    expect(results).toMatchObject([
      { reason: { reason: 'disk-error', outcome: 'unknown' } },
      { reason: { reason: 'disk-error', outcome: 'undone' } },
    ]);
    expect(await noted(database)).toEqual(['note 1']);
  });

  it('is given up after ten seconds, and counts once it ends after all', async () => {
    const { database, clock, log } = world;
    let end: () => void = () => undefined;
    datasync.mockImplementationOnce(() => new Promise((resolve) => (end = resolve)));
    const results: unknown[] = [];
    void note(database, 'note 1').catch((error: unknown) => results.push(error));
    while (datasync.mock.calls.length === 0) await settle();
    const read = noted(database);
    await clock.advanceAsync(9_999);
    expect(results).toEqual([]);
    await clock.advanceAsync(1);
    expect(results).toEqual([expect.objectContaining({ reason: 'not-answering', outcome: 'unknown' })]);
    expect(await read).toEqual(['note 1']);
    await expect(note(database, 'note 2')).rejects.toMatchObject({ reason: 'not-answering', outcome: 'undone' });
    await clock.advanceAsync(60_000);
    expect(database.health).toMatchObject({ state: 'unavailable', reason: 'not-answering' });
    end();
    while (database.health.state === 'unavailable') {
      // Time passes only while no flush is under way: a real one takes as long as the machine's disk wants.
      await Promise.allSettled(datasync.mock.results.map(({ value }) => value));
      await clock.advanceAsync(250);
    }
    expect(log.lines).toEqual(['warn the database is unavailable: the disk does not answer', AGAIN]);
  });
});
