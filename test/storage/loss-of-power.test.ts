import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { KyselyCallStore } from '../../src/storage/calls/kysely-call-store.ts';
import type { Database } from '../../src/storage/database.ts';
import { KyselyTokenStore } from '../../src/storage/oauth/kysely-token-store.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { aCall, aClient, aFamily, aLeg, anEvent, aUser, tokensOf } from '../contracts/records.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

type Fact = 'call inserted' | 'call calling' | 'token issued' | 'token revoked';

/** What somebody was told, and how many flushes had ended by then. */
interface Told {
  readonly after: number;
  readonly fact: Fact;
  readonly name: string;
}

const WRITERS = 12;
const CALLS_A_WRITER = 10;

const storesOf = (database: Database) => ({
  calls: new KyselyCallStore(database, systemClock),
  tokens: new KyselyTokenStore(database),
});

/** Whether a fact is true of a database. */
const holds = async (database: Database, { fact, name }: Told): Promise<boolean> => {
  const { calls, tokens } = storesOf(database);
  if (fact === 'token issued') return (await tokens.findAccess(`${name}-access`)) !== undefined;
  if (fact === 'token revoked') return (await tokens.findAccess(`${name}-access`)) === undefined;
  const call = await calls.find(name);
  return fact === 'call inserted' ? call !== undefined : call?.state === 'calling';
};

/*
 * A loss of power takes away what was not flushed. Each flush notes the log as it is when the flush begins: that is the
 * least that is on the disk once it has ended. The file itself stays the same meanwhile, since nothing checkpoints.
 */
describe('a loss of power', () => {
  let stores: TestStores;
  let disks: string;
  let database: Database;
  let flushes: number;
  let told: Told[];
  let datasync: jest.Spied<() => Promise<void>>;

  const path = (): string => join(stores.directory, 'offhook.db');

  const noteEachFlush = async (): Promise<typeof datasync> => {
    const handle = await open(join(disks, 'probe'), 'w');
    const prototype = Object.getPrototypeOf(handle) as { datasync: () => Promise<void> };
    const flush = prototype.datasync;
    await handle.close();
    let begun = 0;
    return jest.spyOn(prototype, 'datasync').mockImplementation(async function (this: unknown) {
      begun += 1;
      copyFileSync(`${path()}-wal`, join(disks, `${begun}-wal`));
      await flush.call(this as typeof prototype);
      flushes += 1;
    });
  };

  beforeEach(async () => {
    stores = await createTestStores();
    await stores.users.insert(aUser('user-1'));
    await stores.clients.insert(aClient('app'));
    disks = mkdtempSync(join(tmpdir(), 'offhook-power-'));
    flushes = 0;
    told = [];
    datasync = await noteEachFlush();
    const serving = { companyMs: 1 };
    database = await openDatabase({ url: stores.url, clock: systemClock, log: silentLog, serving });
  });
  afterEach(async () => {
    datasync.mockRestore();
    await database.close();
    await stores.close();
    rmSync(disks, { recursive: true });
  });

  const tell = (fact: Fact, name: string): void => void told.push({ after: flushes, fact, name });

  const write = async (writer: number): Promise<void> => {
    const { calls, tokens } = storesOf(database);
    for (let count = 0; count < CALLS_A_WRITER; count += 1) {
      const name = `${writer}-${count}`;
      await calls.insert(aCall(name), anEvent(1));
      tell('call inserted', name);
      const calling = aCall(name, { state: 'calling', legs: [aLeg('caller', { state: 'calling' }), aLeg('callee')] });
      await calls.update(calling, ['caller'], [anEvent(2)]);
      tell('call calling', name);
      await tokens.start(aFamily(name), tokensOf(name, name));
      if (count % 2 === 0) tell('token issued', name);
      else {
        await tokens.revokeFamily(name);
        tell('token revoked', name);
      }
    }
  };

  /** Asks what others have written while they write, and tells each answer. */
  const ask = async (isOver: () => boolean): Promise<void> => {
    for (let turn = 0; !isOver(); turn += 1) {
      const name = `${turn % WRITERS}-${Math.floor(turn / WRITERS) % CALLS_A_WRITER}`;
      for (const fact of ['call inserted', 'call calling'] as const) {
        if (await holds(database, { after: 0, fact, name })) tell(fact, name);
      }
      await nextTurn();
    }
  };

  /** Which of these a start does not find when the power was cut, so many flushes after the beginning. */
  const takenBack = async (after: number, facts: readonly Told[]): Promise<readonly Told[]> => {
    const directory = mkdtempSync(join(disks, 'disk-'));
    copyFileSync(path(), join(directory, 'offhook.db'));
    copyFileSync(join(disks, `${after}-wal`), join(directory, 'offhook.db-wal'));
    const url = `sqlite:${join(directory, 'offhook.db')}?synchronous=normal`;
    const revived = await openDatabase({ url, clock: systemClock, log: silentLog });
    const missing: Told[] = [];
    for (const each of facts) if (!(await holds(revived, each))) missing.push(each);
    await revived.close();
    return missing;
  };

  it('takes back nothing that was told, be it by a write or by a read', async () => {
    let isOver = false;
    const asking = ask(() => isOver);
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    isOver = true;
    await asking;

    for (let moment = 1; moment <= flushes; moment += 1) {
      const justTold = told.filter(({ after }) => after === moment);
      expect({ moment, missing: await takenBack(moment, justTold) }).toEqual({ moment, missing: [] });
    }
    expect(await takenBack(flushes, told)).toEqual([]);
    expect(flushes).toBeGreaterThan(CALLS_A_WRITER);
    expect(told.filter(({ after }) => after === 0)).toEqual([]);
    expect(told.length).toBeGreaterThan(WRITERS * CALLS_A_WRITER * 3);
  }, 60_000);
});
