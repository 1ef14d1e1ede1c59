import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Sqlite from 'better-sqlite3';
import { sql } from 'kysely';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { run } from '../../src/storage/unit-of-work.ts';
import { note, noted, openServing, pass, query, type ServingWorld } from './serving.ts';

const LOCKED = {
  code: 'database_unavailable',
  reason: 'locked',
  outcome: 'undone',
  message: 'Nothing can be stored at the moment: another program holds the database.',
  details: { retryAfterSeconds: 5 },
};

describe('a database that another program holds', () => {
  let world: ServingWorld;
  let other: Sqlite.Database;

  beforeEach(async () => {
    world = await openServing();
    other = openSqlite(join(world.stores.directory, 'offhook.db'));
    other.exec('begin immediate');
  });
  afterEach(async () => {
    other.close();
    await world.close();
  });

  it('is read meanwhile, and written once it is free', async () => {
    const { database, clock } = world;
    const done: string[] = [];
    void note(database, 'note 1').then(() => done.push('written'));
    await pass(clock, 4000);
    expect(await noted(database)).toEqual([]);
    expect(done).toEqual([]);
    other.exec('commit');
    await pass(clock, 50);
    expect(done).toEqual(['written']);
    expect(await noted(database)).toEqual(['note 1']);
  });

  it('is tried again after a millisecond, where the lock was held for a moment', async () => {
    const { database, clock } = world;
    const done: string[] = [];
    void note(database, 'note 1').then(() => done.push('written'));
    await clock.advanceAsync(0);
    other.exec('commit');
    await pass(clock, 1);
    expect(done).toEqual(['written']);
  });

  it('refuses a write after five seconds, and gives the next one its own five', async () => {
    const { database, clock, log } = world;
    const failures: unknown[] = [];
    const write = (name: string): void => void note(database, name).catch((error: unknown) => failures.push(error));
    write('note 1');
    await pass(clock, 3000);
    write('note 2');
    await pass(clock, 1990);
    expect(failures).toEqual([]);
    await pass(clock, 60);
    expect(failures).toEqual([expect.objectContaining(LOCKED)]);
    expect(database.health).toMatchObject({ state: 'unavailable', reason: 'locked' });
    await pass(clock, 2800);
    expect(failures).toHaveLength(1);
    await pass(clock, 250);
    expect(failures).toHaveLength(2);
    other.exec('commit');
    await pass(clock, 2000);
    expect(database.health).toMatchObject({ state: 'available', reason: undefined });
    expect(log.lines).toEqual([
      'warn the database is unavailable: another program holds the database',
      'info the database is available again',
    ]);
    expect(await noted(database)).toEqual([]);
  });

  it('keeps the order of what waits', async () => {
    const { database, clock } = world;
    const done: string[] = [];
    for (const name of ['note 1', 'note 2', 'note 3']) {
      void note(database, name).then(() => done.push(name));
      await pass(clock, 100);
    }
    other.exec('commit');
    await pass(clock, 50);
    expect(done).toEqual(['note 1', 'note 2', 'note 3']);
  });

  it('is waited for by SQLite in a command, and by nobody in a service', async () => {
    const timeout = sql<{ timeout: number }>`pragma busy_timeout`;
    expect(await query(world.stores.database, timeout)).toEqual([{ timeout: 5000 }]);
    expect(await query(world.database, timeout)).toEqual([{ timeout: 0 }]);
  });
});

describe('a failure of the whole database', () => {
  it('refuses the group at once: its units are not tried again one by one', async () => {
    const world = await openServing();
    const { database } = world;
    const [{ pages } = { pages: 0 }] = await query(
      database,
      sql<{ pages: number }>`
      select page_count as pages from pragma_page_count`,
    );
    await query(database, sql`pragma max_page_count = ${sql.raw(String(pages))}`);
    let runs = 0;
    const tooLarge = database.write(function* () {
      runs += 1;
      yield* run(sql`insert into facts (name, value) values ('note', hex(zeroblob(100000)))`.compile(database.builder));
    });
    const results = await Promise.allSettled([note(database, 'note 1'), tooLarge, note(database, 'note 2')]);
    const full = { code: 'database_unavailable', reason: 'disk-full', outcome: 'undone' };
    expect(results).toEqual(results.map(() => ({ status: 'rejected', reason: expect.objectContaining(full) })));
    expect(runs).toBe(1);
    expect(await noted(database)).toEqual([]);
    await world.close();
  });
});
