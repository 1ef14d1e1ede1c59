import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { FaultStage } from '../../../test/support/fault-stage.ts';
import { median } from '../figures.ts';
import { cloneEndedCalls } from './cloned-calls.ts';
import { heldIf, type Report, variable } from './report.ts';

const CLONED_FROM = 20;
const FEW = 1000;
const CALLS_A_ROUND = 60;
const ONGOING = 10;
const AT_MOST_TIMES = 1.2;

const WHAT = ['start', 'POST', 'GET list', 'GET call', 'PUT'] as const;
type Figures = Record<(typeof WHAT)[number], number>;

const timed = async <Result>(figures: number[], what: () => Promise<Result>): Promise<Result> => {
  const begun = performance.now();
  const result = await what();
  figures.push(performance.now() - begun);
  return result;
};

/** A directory in which the service itself has made and ended calls. */
const makeOriginal = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-original-'));
  const stage = await FaultStage.open({ directory });
  try {
    for (const { token } of await stage.connect(CLONED_FROM)) await stage.rest.stop(token);
    for (;;) if ((await stage.disagreements()).strays.length === 0) break;
    await stage.service.stop();
  } finally {
    await stage.close();
  }
  return directory;
};

const schemaOf = (directory: string): string => {
  const database = openSqlite(join(directory, 'offhook.db'), { readonly: true });
  const schema = database.prepare('SELECT sql FROM sqlite_schema ORDER BY name').pluck().all().join('\n');
  database.close();
  return createHash('sha256').update(schema).digest('hex').slice(0, 12);
};

/** A directory with so many ended calls. It stays for the next time, as long as the tables are the same. */
const haveCalls = async (original: string, total: number): Promise<string> => {
  const directory = join(tmpdir(), 'offhook-many', `${schemaOf(original)}-${total}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}-${process.pid}`;
  await mkdir(join(tmpdir(), 'offhook-many'), { recursive: true });
  try {
    await cp(original, unfinished, { recursive: true });
    const database = openSqlite(join(unfinished, 'offhook.db'));
    cloneEndedCalls(database, total);
    database.close();
    await rename(unfinished, directory);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return directory;
};

/** A start, some calls one after the other while others are ongoing, and an orderly stop. */
const playRound = async (directory: string): Promise<Figures> => {
  const figures: Record<(typeof WHAT)[number], number[]> = {
    start: [],
    POST: [],
    'GET list': [],
    'GET call': [],
    PUT: [],
  };
  const stage = await FaultStage.open({ directory });
  figures.start.push(stage.startMs);
  try {
    await stage.connect(ONGOING);
    for (let count = 0; count < CALLS_A_ROUND; count += 1) {
      const token = await timed(figures.POST, () => stage.place());
      await timed(figures['GET list'], () => stage.rest.list());
      await timed(figures['GET call'], () => stage.rest.info(token));
      await timed(figures.PUT, () => stage.rest.stop(token));
    }
    await stage.service.stop();
  } finally {
    await stage.close();
  }
  return Object.fromEntries(WHAT.map((what) => [what, median(figures[what])])) as Figures;
};

/** A million ended calls in the database, against a thousand, in turn. */
export const many = async (report: Report): Promise<void> => {
  const [total, rounds] = [variable('MANY_CALLS', 1_000_000), variable('MANY_ROUNDS', 7)];
  const original = await makeOriginal();
  try {
    const [few, lots] = [await haveCalls(original, FEW), await haveCalls(original, total)];
    const played: { readonly few: Figures; readonly lots: Figures }[] = [];
    // The first round warms the caches of the disk.
    for (let round = 0; round <= rounds; round += 1) {
      const both =
        round % 2 === 0
          ? { few: await playRound(few), lots: await playRound(lots) }
          : { lots: await playRound(lots), few: await playRound(few) };
      if (round > 0) played.push(both);
    }
    for (const what of WHAT) {
      const [before, after] = [
        median(played.map((both) => both.few[what])),
        median(played.map((both) => both.lots[what])),
      ];
      report.row({
        fault: 'many',
        measure: `${what} with ${total} ended calls against ${FEW}`,
        bound: `${AT_MOST_TIMES} times`,
        measured: `${before.toFixed(2)} to ${after.toFixed(2)} ms, ${(after / before).toFixed(2)} times`,
        bounded: heldIf(after / before <= AT_MOST_TIMES),
      });
    }
  } finally {
    await rm(original, { recursive: true, force: true });
  }
};
