import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/shared/log.ts';
import { openDatabase, type Database, type DatabaseOptions } from '../../src/storage/database.ts';
import type { SandboxAccounts } from '../../src/storage/sandbox-accounts.ts';
import { loadSecretKey } from '../../src/storage/secret-key.ts';
import { createStores, type Stores } from '../../src/storage/stores.ts';
import { FakeClock } from './fake-clock.ts';

export interface TestStores extends Stores {
  readonly database: Database;
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
  readonly onCommit?: DatabaseOptions['onCommit'];
}

/** All stores over a real SQLite file in a directory of its own. */
export const createTestStores = async ({
  clock = new FakeClock(),
  sandboxAccounts = 'accepted',
  onCommit,
}: TestStoresOptions = {}): Promise<TestStores> => {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-database-'));
  const url = `sqlite:${join(directory, 'offhook.db')}`;
  const secretKey = loadSecretKey(join(directory, 'offhook.key'));
  // Not flushed: a clock of the test stands still while the disk works.
  const database = await openDatabase({
    ...{ url: `${url}?synchronous=normal`, clock, log: silentLog },
    ...(onCommit && { onCommit }),
  });
  return {
    ...createStores({ database, clock, secretKey, sandboxAccounts }),
    database,
    clock,
    url,
    directory,
    close: async () => {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
