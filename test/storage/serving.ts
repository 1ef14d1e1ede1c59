import { type RawBuilder, sql } from 'kysely';
import { type Log, silentLog } from '../../src/shared/log.ts';
import type { Database } from '../../src/storage/database.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { run } from '../../src/storage/unit-of-work.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

/** What was logged, as `warn the database is unavailable: the disk is full`. */
export interface RecordedLog extends Log {
  readonly lines: string[];
}

export const recordLog = (): RecordedLog => {
  const lines: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  return { ...silentLog, info: at('info'), warn: at('warn'), error: at('error'), lines };
};

/** A database as a service has it, and the stores of a command on the same file. */
export interface ServingWorld {
  readonly database: Database;
  readonly clock: FakeClock;
  readonly log: RecordedLog;
  readonly stores: TestStores;
  close(): Promise<void>;
}

export const openServing = async (synchronous: 'full' | 'normal' = 'normal'): Promise<ServingWorld> => {
  const stores = await createTestStores();
  const clock = new FakeClock();
  const log = recordLog();
  const url = `${stores.url}?synchronous=${synchronous}`;
  const database = await openDatabase({ url, clock, log, serving: { companyMs: 0 } });
  const close = async (): Promise<void> => {
    const closed = database.close();
    // What still waits for a lock or a pause gets its time.
    await clock.advanceAsync(10_000);
    await closed;
    await stores.close();
  };
  return { database, clock, log, stores, close };
};

/** Lets time pass in steps, with turns of the event loop between them for what a commit needs. */
export const pass = async (clock: FakeClock, milliseconds: number): Promise<void> => {
  for (let rest = milliseconds; rest > 0; rest -= 10) {
    await clock.advanceAsync(Math.min(rest, 10));
    for (let turn = 0; turn < 3; turn += 1) await settle();
  }
};

/** Notes something by name in the table of facts. */
export const note = (database: Database, name: string, value = 'noted'): Promise<unknown> =>
  database.write(() => run(sql`insert into facts (name, value) values (${name}, ${value})`.compile(database.builder)));

export const query = <Row>(database: Database, text: RawBuilder<Row>): Promise<readonly Row[]> =>
  database.read(text.compile(database.builder));

/** The names that `note` has written. */
export const noted = async (database: Database): Promise<readonly string[]> => {
  const rows = await query(
    database,
    sql<{ name: string }>`select name from facts where name like 'note%' order by name`,
  );
  return rows.map(({ name }) => name);
};
