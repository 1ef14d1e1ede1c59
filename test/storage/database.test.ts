import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { type Log, silentLog } from '../../src/shared/log.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { type Pace, run, type UnitOfWork } from '../../src/storage/unit-of-work.ts';
import { aCall, anEvent, aUser } from '../contracts/records.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

/** A clock on which every commit takes long. */
class LeapingClock extends FakeClock {
  override elapsed(): number {
    this.advance(100);
    return super.elapsed();
  }
}

describe('database', () => {
  let stores: TestStores;
  let warnings: object[];

  beforeEach(async () => {
    warnings = [];
    const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields) };
    stores = await createTestStores({ clock: new LeapingClock(), log });
  });
  afterEach(() => stores.close());

  /** How many units each commit so far had: every one was so slow that it was logged. */
  const unitsOfCommits = (): number[] => warnings.map((fields) => (fields as { readonly units: number }).units);

  const insertCalls = (tokens: readonly string[]) =>
    Promise.allSettled(tokens.map((token) => stores.calls.insert(aCall(token), anEvent(1))));
  const numbered = (length: number) => Array.from({ length }, (_, index) => `t${index}`);

  describe('group commit', () => {
    it('commits 1000 writes of one turn of the event loop in four transactions', async () => {
      await insertCalls(numbered(1000));
      expect(unitsOfCommits()).toEqual([256, 256, 256, 232]);
      expect(await stores.calls.ongoing()).toHaveLength(1000);
    });

    it('undoes one bad write among 100 alone, and rejects only its own promise', async () => {
      await stores.calls.insert(aCall('t50'), anEvent(1));
      const results = await insertCalls(numbered(100));
      const rejected = results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
      expect(rejected).toEqual([50]);
      expect(unitsOfCommits()).toEqual([1, 100]);
      expect(await stores.calls.ongoing()).toHaveLength(100);
    });

    it('begins at once what somebody waits for, with what waits in company; that alone waits so long', async () => {
      const clock = new FakeClock();
      const { url } = stores;
      const serving = { companyMs: 50 };
      const pausing = await openDatabase({ url: `${url}?synchronous=normal`, clock, log: silentLog, serving });
      const committed: string[] = [];
      const write = (name: string, pace?: Pace): void =>
        void pausing.write(() => run(sql`select 1`.compile(pausing.builder)), pace).then(() => committed.push(name));

      write('first');
      await clock.advanceAsync(0);
      write('second');
      await clock.advanceAsync(0);
      expect(committed.splice(0)).toEqual(['first', 'second']);

      write('alone', 'in-company');
      await clock.advanceAsync(49);
      expect(committed).toEqual([]);
      await clock.advanceAsync(1);
      expect(committed.splice(0)).toEqual(['alone']);

      write('taken along', 'in-company');
      await clock.advanceAsync(10);
      write('at once', 'at-once');
      await clock.advanceAsync(0);
      expect(committed.splice(0)).toEqual(['taken along', 'at once']);

      write('waited for after all', 'in-company');
      await clock.advanceAsync(10);
      pausing.hurry();
      await clock.advanceAsync(0);
      expect(committed.splice(0)).toEqual(['waited for after all']);
      await pausing.close();
    });

    it('waits for company as long as it is to, whatever is done to the wall clock', async () => {
      const clock = new FakeClock();
      const url = `${stores.url}?synchronous=normal`;
      const pausing = await openDatabase({ url, clock, log: silentLog, serving: { companyMs: 50 } });
      let committed = 0;
      for (const step of [0, -12_000, -3_600_000, 1_800_000, 3 * 86_400_000]) {
        clock.step(step);
        const before = committed;
        const unit = () => run(sql`select 1`.compile(pausing.builder));
        void pausing.write(unit, 'in-company').then(() => (committed += 1));
        await clock.advanceAsync(50);
        expect(committed).toBe(before + 1);
      }
      await pausing.close();
    });

    it('undoes all of a write that fails half way', async () => {
      const { builder } = stores.database;
      const failing = stores.database.write(function* () {
        yield* run(builder.deleteFrom('users').compile());
        throw new Error('half way');
      });
      const [failed, inserted] = await Promise.allSettled([failing, stores.users.insert(aUser('user-1'))]);
      expect([failed.status, inserted.status]).toEqual(['rejected', 'fulfilled']);
      expect(await stores.users.list()).toEqual([aUser('user-1')]);
    });

    it('rejects every promise when the transaction as a whole is lost', async () => {
      const endTransaction = function* (): UnitOfWork<void> {
        yield* run(sql`rollback`.compile(stores.database.builder));
        throw new Error('the disk is full');
      };
      const writes = [
        stores.users.insert(aUser('user-1')),
        stores.database.write(endTransaction),
        stores.users.insert(aUser('user-2')),
      ];
      const results = await Promise.allSettled(writes);
      const lost = { status: 'rejected', reason: expect.objectContaining({ code: 'database_unavailable' }) };
      expect(results).toEqual([lost, lost, lost]);
      expect(await stores.users.list()).toEqual([]);
      expect(await stores.users.insert(aUser('user-1'))).toBe('inserted');
    });

    it('resolves a write only after it can be read by another connection', async () => {
      const other = await openDatabase({ url: stores.url, clock: stores.clock, log: silentLog });
      const query = other.builder.selectFrom('users').select('id').compile();
      const written = stores.users.insert(aUser('user-1'));
      expect(await other.read(query)).toEqual([]);
      await written;
      expect(await other.read(query)).toEqual([{ id: 'user-1' }]);
      await other.close();
    });

    it('keeps writes and reads out of a transaction of several turns', async () => {
      const { builder } = stores.database;
      let written: Promise<unknown> | undefined;
      let seen: Promise<unknown> | undefined;
      const transaction = builder.transaction().execute(async (steps) => {
        await steps
          .insertInto('users')
          .values({ ...sandboxRow, id: 'undone', username: 'undone' })
          .execute();
        written = stores.users.insert(aUser('user-1'));
        seen = stores.users.find('undone');
        for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        throw new Error('undo');
      });
      await expect(transaction).rejects.toThrow('undo');
      expect([await seen, await written]).toEqual([undefined, 'inserted']);
      expect(await stores.users.list()).toEqual([aUser('user-1')]);
    });

    it('commits what is waiting when it closes, and refuses what comes later', async () => {
      const written = stores.users.insert(aUser('user-1'));
      const closed = stores.database.close();
      await expect(stores.users.insert(aUser('user-2'))).rejects.toMatchObject({ code: 'database_closed' });
      expect(await written).toBe('inserted');
      await closed;
      await stores.database.close();
      const again = await openDatabase({ url: stores.url, clock: stores.clock, log: silentLog });
      expect(await again.read(again.builder.selectFrom('users').select('id').compile())).toEqual([{ id: 'user-1' }]);
      await again.close();
    });

    it('warns of a commit that held the event loop', async () => {
      const slowCommits: object[] = [];
      const log: Log = { ...silentLog, warn: (fields) => void slowCommits.push(fields) };
      const clock = new FakeClock();
      const slow = await openDatabase({ url: stores.url, clock, log });
      await slow.write(function* () {
        clock.advance(99);
        yield* run(sql`select 1`.compile(slow.builder));
      });
      await slow.write(function* () {
        clock.advance(100);
        yield* run(sql`select 1`.compile(slow.builder));
      });
      await slow.close();
      expect(slowCommits).toEqual([{ units: 1, milliseconds: 100 }]);
    });
  });

  const sandboxRow = {
    password_hash: '',
    role: 'user',
    status: 'active',
    sandbox: 1,
    created_at: 0,
    extension: null,
    home_country: null,
  } as const;

  describe('the file', () => {
    const pragma = async (url: string, name: string): Promise<unknown> => {
      const database = await openDatabase({ url, clock: stores.clock, log: silentLog });
      const { rows } = await sql<Record<string, unknown>>`${sql.raw(`pragma ${name}`)}`.execute(database.builder);
      await database.close();
      return Object.values(rows[0] ?? {})[0];
    };

    it('is written and flushed before a write resolves, unless its address says otherwise', async () => {
      const handle = await open(join(stores.directory, 'probe'), 'w');
      const prototype = Object.getPrototypeOf(handle) as { datasync: () => Promise<void> };
      const held: (() => void)[] = [];
      const datasync = jest.spyOn(prototype, 'datasync');
      datasync.mockImplementation(() => new Promise((resolve) => held.push(resolve)));
      const url = `${stores.url}?synchronous=full`;
      const durable = await openDatabase({ url, clock: stores.clock, log: silentLog });
      const write = (): Promise<unknown> => durable.write(() => run(sql`delete from users`.compile(durable.builder)));
      try {
        await stores.users.insert(aUser('user-1'));
        expect(datasync).not.toHaveBeenCalled();
        const flushed: string[] = [];
        void write().then(() => flushed.push('flushed'));
        while (held.length === 0) await settle();
        expect(await stores.users.list()).toEqual([]);
        void durable.read(durable.builder.selectFrom('users').selectAll().compile()).then(() => flushed.push('read'));
        await settle();
        expect(flushed).toEqual([]);
        held[0]?.();
        await settle();
        expect(flushed).toEqual(['flushed', 'read']);
        datasync.mockRejectedValueOnce(new Error('the disk fails'));
        const unknown = { code: 'database_unavailable', reason: 'disk-error', outcome: 'unknown' };
        await expect(write()).rejects.toMatchObject(unknown);
      } finally {
        datasync.mockRestore();
        await durable.close();
        await handle.close();
      }
    });

    it('is sound after a loss of power, and enforces references', async () => {
      expect(await pragma(stores.url, 'synchronous')).toBe(1);
      expect(await pragma(stores.url, 'journal_mode')).toBe('wal');
      expect(await pragma(stores.url, 'foreign_keys')).toBe(1);
    });

    it('is made with its directory, which no other user can enter', async () => {
      const directory = join(stores.directory, 'deep', 'data');
      await pragma(`sqlite:${join(directory, 'offhook.db')}`, 'user_version');
      expect(statSync(directory).mode & 0o777).toBe(0o700);
    });

    it.each(['postgres://localhost/x', 'sqlite:', 'sqlite::memory:', 'sqlite:x.db?synchronous=off'])(
      'is refused as %s',
      async (url) => {
        const opening = openDatabase({ url, clock: stores.clock, log: silentLog });
        await expect(opening).rejects.toMatchObject({ code: 'database_url' });
      },
    );

    it('is refused when a newer version has changed it', async () => {
      const newer = sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2030')`;
      await newer.execute(stores.database.builder);
      const opening = openDatabase({ url: stores.url, clock: stores.clock, log: silentLog });
      await expect(opening).rejects.toMatchObject({
        code: 'database_too_new',
        message: expect.stringContaining('9999-later'),
      });
    });

    it('is refused, and left as it was, when its tables cannot be brought up to date', async () => {
      const file = openSqlite(join(stores.directory, 'offhook.db'));
      file.exec("delete from kysely_migration where name >= '0004'; drop table facts");
      const opening = openDatabase({ url: stores.url, clock: stores.clock, log: silentLog });
      await expect(opening).rejects.toMatchObject({ code: 'migration_failed' });
      expect(file.prepare("select name from sqlite_master where name = 'facts'").all()).toEqual([]);
      file.close();
    });
  });

  describe('the cost of a read', () => {
    const planOf = async (query: { sql: string; parameters: readonly unknown[] }): Promise<string> => {
      const rows = await stores.database.read<{ detail: string }>({
        ...sql`select 1`.compile(stores.database.builder),
        sql: `explain query plan ${query.sql}`,
        parameters: query.parameters,
      });
      return rows.map(({ detail }) => detail).join('; ');
    };

    it('does not grow with what others do: ongoing and unfinished calls', async () => {
      const { compileCallReads } = await import('../../src/storage/calls/call-reads.ts');
      const reads = compileCallReads(stores.database.builder);
      expect(await planOf(reads.ongoingOf({ userId: 'user-1' }))).toMatch(
        /^SEARCH calls USING INDEX calls_ongoing \(user_id=\?\); SEARCH caller USING PRIMARY KEY[^;]*; SEARCH callee USING PRIMARY KEY[^;]*$/,
      );
      const ofAll = [
        [reads.unfinishedElsewhere({ nodeId: 'node-1' }), 'legs_unfinished'],
        [reads.ongoing({}), 'calls_ongoing'],
      ] as const;
      for (const [query, index] of ofAll) {
        const plan = await planOf(query);
        const scanned = plan.split('; ').filter((step) => step.startsWith('SCAN'));
        expect(scanned).toEqual([expect.stringMatching(new RegExp(`USING (COVERING )?INDEX ${index}$`))]);
      }
    });

    it('finds a token by primary keys alone', async () => {
      const { compileTokenReads } = await import('../../src/storage/oauth/token-reads.ts');
      const reads = compileTokenReads(stores.database.builder);
      for (const query of [reads.access({ hash: 'h' }), reads.refresh({ hash: 'h' })]) {
        const steps = (await planOf(query)).split('; ');
        expect(steps.length).toBeGreaterThanOrEqual(3);
        for (const step of steps) expect(step).toMatch(/^SEARCH \w+ USING (PRIMARY KEY|INDEX sqlite_autoindex)/);
      }
    });
  });
});
