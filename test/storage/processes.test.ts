import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../src/shared/log.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { aClient, aFamily, anEvent, aUser, tokensOf } from '../contracts/records.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

const script = fileURLToPath(new URL('./other-process.ts', import.meta.url));

const startProcess = (...commandLine: string[]): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', script, ...commandLine], { stdio: ['ignore', 'pipe', 'inherit'] });

/** @returns its exit code */
const runProcess = async (...commandLine: string[]): Promise<number | null> => {
  const child = startProcess(...commandLine);
  child.stdout?.resume();
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
};

describe('several processes on one database', () => {
  let stores: TestStores;

  beforeEach(async () => {
    stores = await createTestStores();
  });
  afterEach(() => stores.close());

  it('keeps every write that was promised before kill -9, and no half of one', async () => {
    const child = startProcess('insert-calls', stores.url);
    const promised: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      promised.push(line);
      if (promised.length === 500) child.kill('SIGKILL');
    }
    expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGKILL');
    expect(promised.length).toBeGreaterThanOrEqual(500);

    const revived = await openDatabase({ url: stores.url, clock: stores.clock, log: silentLog });
    for (const line of promised) {
      const [what, token = ''] = line.split(' ');
      const call = await stores.calls.find(token);
      expect({ line, found: call?.tokenCall }).toEqual({ line, found: token });
      if (what === 'updated') expect(call).toMatchObject({ state: 'calling', legs: [{ state: 'calling' }, {}] });
    }
    for (const { tokenCall, state } of await stores.calls.ongoing()) {
      const events = state === 'created' ? [anEvent(1)] : [anEvent(1), anEvent(2)];
      expect(await stores.calls.events(tokenCall)).toEqual(events);
    }
    await revived.close();
  });

  it('sees a revocation by another process at once', async () => {
    await stores.users.insert(aUser('user-1'));
    await stores.clients.insert(aClient('app'));
    for (const name of ['f', 'g']) await stores.tokens.start(aFamily(name), tokensOf(name, name));
    expect(await stores.tokens.findAccess('f-access')).toBeDefined();
    expect(await runProcess('revoke', stores.url, 'f')).toBe(0);
    expect(await stores.tokens.findAccess('f-access')).toBeUndefined();
    expect(await stores.tokens.findAccess('g-access')).toBeDefined();
  });

  it('lets five processes make a new database at the same time', async () => {
    const url = stores.url.replace('offhook.db', 'new/offhook.db');
    const codes = await Promise.all(Array.from({ length: 5 }, () => runProcess('open', url)));
    expect(codes).toEqual([0, 0, 0, 0, 0]);
  });
});
