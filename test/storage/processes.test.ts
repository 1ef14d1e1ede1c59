import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RawBuilder, sql } from 'kysely';
import { CallFeed, type FeedPage } from '../../src/calls/feed/call-feed.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { fingerprintOf } from '../../src/storage/secret-key.ts';
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
      const events =
        state === 'created' ? [anEvent(1)] : [anEvent(1), anEvent(2, { name: 'call.calling', payload: {} })];
      expect(await stores.calls.events(tokenCall)).toEqual(events);
    }
    await revived.close();
  });

  /** Lets a process write calls, and kills it once it has promised some. @returns what it promised */
  const writeUntilKilled = async (promises: number, prefix: string): Promise<readonly string[]> => {
    const child = startProcess('insert-calls', stores.url, prefix);
    const promised: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      if (promised.push(line) === promises) child.kill('SIGKILL');
    }
    return promised;
  };

  it('lets readers of the feed read on over kill -9: one that is slow, and one that was away', async () => {
    await stores.feed.begin('file', 'epoch');
    const feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock: systemClock, log: silentLog });
    const start = await feed.head();
    const told = (page: FeedPage): readonly string[] => {
      if (page.kind === 'reset') throw new Error(page.reason);
      return page.changes.map(
        ({ call, event }) => `${event.sequence === 1 ? 'inserted' : 'updated'} ${call.tokenCall}`,
      );
    };
    const stop = new AbortController();
    const slow: string[] = [];
    const following = (async () => {
      for await (const page of feed.follow(start, { signal: stop.signal, limit: 7 })) slow.push(...told(page));
    })();
    const first = await writeUntilKilled(300, 'a');
    const away: string[] = [];
    const before = await feed.read(start, 100);
    away.push(...told(before));
    const second = await writeUntilKilled(300, 'b');
    let { cursor } = before;
    for (let page = await feed.read(cursor); told(page).length > 0; page = await feed.read(cursor)) {
      away.push(...told(page));
      cursor = page.cursor;
    }
    expect(new Set(away).size).toBe(away.length);
    expect(new Set(away)).toEqual(new Set([...away, ...first, ...second]));
    while (slow.length < away.length) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await following;
    expect(slow).toEqual(away);
  }, 60_000);

  /** Lets a process issue grants, and kills it at some moment after the first. @returns the pairs that it promised */
  const issueUntilKilled = async (prefix: string): Promise<readonly string[]> => {
    const child = startProcess('issue-grants', stores.url, prefix);
    const promised: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      if (promised.push(line) === 1) setTimeout(() => child.kill('SIGKILL'), Math.random() * 150);
    }
    expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGKILL');
    return promised;
  };

  const rowsOf = async <Row extends object>(text: RawBuilder<Row>): Promise<readonly Row[]> =>
    stores.database.read(text.compile(stores.database.builder));

  it('leaves no half of a grant when it is killed while it issues', async () => {
    await stores.users.insert(aUser('user-1'));
    await stores.clients.insert(aClient('app'));
    const runs = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(issueUntilKilled));
    for (const run of runs) expect(run.length).toBeGreaterThan(0);
    for (const name of runs.flat()) {
      expect([name, await stores.tokens.findAccess(`${name}-access`)]).toEqual([name, expect.anything()]);
      expect([name, await stores.tokens.findRefresh(`${name}-refresh`)]).toEqual([name, expect.anything()]);
    }
    const unequal = sql<object>`
      select family.id from token_families as family where not (
        (select count(*) from access_tokens where family_id = family.id) =
        (select count(*) from refresh_tokens where family_id = family.id)
        and (select 1 + sum(successors) from refresh_tokens where family_id = family.id) =
        (select count(*) from refresh_tokens where family_id = family.id))`;
    expect(await rowsOf(unequal)).toEqual([]);
    const rotatedWithoutSuccessor = sql<object>`
      select hash from refresh_tokens where (rotated_at is null) <> (successors = 0)`;
    expect(await rowsOf(rotatedWithoutSuccessor)).toEqual([]);
    const halfRedeemed = sql<object>`
      select family_id from (
        select family_id, redeemed_at is not null as redeemed from authorization_codes
        union all select family_id, state = 'redeemed' as redeemed from device_grants
      ) where redeemed <> (family_id in (select id from token_families))`;
    expect(await rowsOf(halfRedeemed)).toEqual([]);
    expect(await rowsOf(sql<object>`pragma foreign_key_check`)).toEqual([]);
    expect(await rowsOf(sql<object>`pragma integrity_check`)).toEqual([{ integrity_check: 'ok' }]);
  }, 60_000);

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

  it('lets five processes that start on nothing make one key file, which all use and the database notes', async () => {
    const directory = join(stores.directory, 'new');
    const path = join(directory, 'offhook.key');
    const openKey = async (): Promise<string> => {
      const child = startProcess('open-key', `sqlite:${join(directory, 'offhook.db')}`, path);
      return text(child.stdout!);
    };
    const printed = await Promise.all(Array.from({ length: 5 }, openKey));
    const fingerprint = fingerprintOf(readFileSync(path));
    expect(printed).toEqual(Array.from({ length: 5 }, () => `${fingerprint}\ndone\n`));
    expect(readdirSync(directory).filter((name) => name.startsWith('offhook.key'))).toEqual(['offhook.key']);
    expect(await openKey()).toBe(`${fingerprint}\ndone\n`);
  });
});
