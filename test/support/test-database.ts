import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Log, silentLog } from '../../src/shared/log.ts';
import type { Database } from '../../src/storage/database.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import type { SandboxAccounts } from '../../src/storage/sandbox-accounts.ts';
import { createStores, type Stores } from '../../src/storage/stores.ts';
import { FakeClock } from './fake-clock.ts';

export interface TestStores extends Stores {
  readonly database: Database;
  /** Seals what is kept here; it is in no file. */
  readonly secretKey: Buffer;
  readonly clock: FakeClock;
  /** Of the database: for a second process or connection. */
  readonly url: string;
  readonly directory: string;
  /** Closes the database and removes its directory. */
  close(): Promise<void>;
}

export interface TestStoresOptions {
  readonly clock?: FakeClock;
  /** `accepted` by default. */
  readonly sandboxAccounts?: SandboxAccounts;
  readonly log?: Log;
}

/** An empty database with all its tables. The first of a test file is migrated, the others are copies of it. */
let migrated: Promise<Buffer> | undefined;

const migrateOnce = async (): Promise<Buffer> => {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-database-'));
  const path = join(directory, 'offhook.db');
  try {
    const url = `sqlite:${path}?synchronous=normal`;
    await (await openDatabase({ url, clock: new FakeClock(), log: silentLog })).close();
    return readFileSync(path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

/** All stores over a real SQLite file in a directory of its own. */
export const createTestStores = async ({
  clock = new FakeClock(),
  sandboxAccounts = 'accepted',
  log = silentLog,
}: TestStoresOptions = {}): Promise<TestStores> => {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-database-'));
  const url = `sqlite:${join(directory, 'offhook.db')}`;
  migrated ??= migrateOnce();
  writeFileSync(join(directory, 'offhook.db'), await migrated, { mode: 0o600 });
  const secretKey = randomBytes(32);
  // Not flushed: a clock of the test stands still while the disk works.
  const database = await openDatabase({ url: `${url}?synchronous=normal`, clock, log });
  return {
    ...createStores({ database, clock, secretKey, sandboxAccounts }),
    database,
    secretKey,
    clock,
    url,
    directory,
    close: async () => {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
