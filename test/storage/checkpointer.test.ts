import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { systemClock } from '../../src/shared/clock.ts';
import { Checkpointer, type CheckpointerOptions } from '../../src/storage/dialects/sqlite/checkpointer.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';
import { note, query, type RecordedLog, recordLog } from './serving.ts';

const realThread = new URL('./checkpoint-thread.mjs', import.meta.url);
const threadOf = (script: string): URL => new URL(`data:text/javascript,${encodeURIComponent(script)}`);
const REPORTING = "import { parentPort, workerData } from 'node:worker_threads';";

describe('the thread that checkpoints', () => {
  let stores: TestStores;
  let log: RecordedLog;
  let heard: string[];
  let checkpointer: Checkpointer | undefined;

  beforeEach(async () => {
    stores = await createTestStores();
    log = recordLog();
    heard = [];
  });
  afterEach(async () => {
    await checkpointer?.close();
    await stores.close();
  });

  const path = (): string => join(stores.directory, 'offhook.db');

  const start = (script: URL, options: Partial<CheckpointerOptions> = {}): Checkpointer => {
    checkpointer = new Checkpointer({
      work: { path: path(), everyMs: 10, walBytesKept: 1_000_000 },
      clock: systemClock,
      log,
      onVoice: (voice) => heard.push(voice),
      onThread: (thread) => heard.push(thread),
      script,
      ...options,
    });
    return checkpointer;
  };

  const rounds = async (count: number): Promise<void> => {
    const until = heard.length + count;
    while (heard.length < until) await settle();
  };

  const restarts = async (): Promise<number> => {
    const rows = await query(
      stores.database,
      sql<{ value: string }>`select value from facts where name = 'log_restarts'`,
    );
    return Number(rows[0]?.value ?? 0);
  };

  /** The checkpoints that the log has seen (https://www.sqlite.org/fileformat.html, section 4.1). */
  const sequenceOfLog = (): number => readFileSync(`${path()}-wal`).readUInt32BE(12);

  it('moves what was committed into the file, and begins the log anew itself', async () => {
    await note(stores.database, 'note 1', 'in the log alone');
    const before = sequenceOfLog();
    start(realThread);
    await rounds(3);
    expect(sequenceOfLog()).toBe(before + 1);
    expect(await restarts()).toBe(1);
    expect(readFileSync(path()).includes('in the log alone')).toBe(true);
  });

  it('writes nothing while nobody else does', async () => {
    await note(stores.database, 'note 1');
    start(realThread);
    await rounds(4);
    const before = await restarts();
    await rounds(10);
    expect(await restarts()).toBe(before);
    await note(stores.database, 'note 2');
    await rounds(3);
    expect(await restarts()).toBe(before + 1);
  });

  it('moves all of the log when that is asked of it', async () => {
    const thread = start(realThread, { work: { path: path(), everyMs: 3_600_000, walBytesKept: 1_000_000 } });
    await note(stores.database, 'note 1', 'in the log alone');
    await thread.rewrite();
    expect(readFileSync(path()).includes('in the log alone')).toBe(true);
    expect(await restarts()).toBe(1);
  });

  it('is replaced each second while it ends by itself, which is logged once', async () => {
    const clock = new FakeClock();
    const signal = join(stores.directory, 'go on');
    const script = threadOf(`${REPORTING}
      import { existsSync } from 'node:fs';
      if (!existsSync(${JSON.stringify(signal)})) throw new Error('no descriptors');
      parentPort.postMessage({ of: 'round', milliseconds: 1 });
      parentPort.once('message', () => parentPort.close());`);
    start(script, { clock });
    for (let ends = 1; ends <= 3; ends += 1) {
      while (clock.pendingTimers === 0 || !heard.includes('lost')) await settle();
      await clock.advanceAsync(1000);
    }
    writeFileSync(signal, '');
    while (!heard.includes('heard')) {
      await clock.advanceAsync(1000);
      for (let turn = 0; turn < 100 && !heard.includes('heard'); turn += 1) await settle();
    }
    expect(heard.filter((word) => word !== 'silent')).toEqual(['present', 'lost', 'heard', 'present']);
    expect(log.lines).toEqual([
      'error the thread that checkpoints is lost: another is started',
      'info a thread checkpoints again',
    ]);
  });

  it('tells once that rounds fail, and once that they succeed again', async () => {
    const script = threadOf(`${REPORTING}
      for (const failure of [undefined, 'SQLITE_FULL', 'SQLITE_FULL', undefined, undefined])
        parentPort.postMessage({ of: 'round', failure, milliseconds: 1 });
      parentPort.once('message', () => parentPort.close());`);
    start(script);
    while (heard.length < 6) await settle();
    expect(log.lines).toEqual([
      'error what was committed cannot be moved into the database file; it is safe in the log',
      'info what was committed is moved into the database file again',
    ]);
  });

  it('is missed when it has not reported for ten seconds, and holds no stop for longer than two', async () => {
    const clock = new FakeClock();
    const thread = start(threadOf('setInterval(() => undefined, 1000);'), { clock });
    await clock.advanceAsync(10_009);
    expect(heard).toEqual(['present']);
    await clock.advanceAsync(1);
    expect(heard).toEqual(['present', 'silent']);
    let closed = false;
    const closing = thread.close().then(() => (closed = true));
    await clock.advanceAsync(1999);
    expect(closed).toBe(false);
    await clock.advanceAsync(1);
    await closing;
  });

  it('closes the last connection, so that SQLite moves the rest there', async () => {
    start(realThread);
    await rounds(2);
    await note(stores.database, 'note 1', 'in the log alone');
    await stores.database.close();
    await checkpointer?.close();
    expect(readFileSync(path()).includes('in the log alone')).toBe(true);
    expect(() => readFileSync(`${path()}-wal`)).toThrow('ENOENT');
  });
});
