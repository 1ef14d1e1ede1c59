import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CallLoad, type Sample } from '../../../test/support/call-load.ts';
import { FaultStage } from '../../../test/support/fault-stage.ts';
import { type Hangup, hangUpInTurn, SHARE_OF_HANGUPS } from '../../../test/support/hangups.ts';
import { HeldLock } from '../../../test/support/held-lock.ts';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { percentile } from '../figures.ts';
import { tellAftermath, tellCalls, tellPromises } from './aftermath.ts';
import { heldIf, type Report, variable } from './report.ts';
import { longestSilence, PROBE, type Silence } from './silence.ts';

const GOING_ON = 20;
const HUNG_UP = 30;
const CALM_SECONDS = 10;
const READ_EVERY_MS = 100;
const SILENT_AT_MOST_MS = 50;
const POST_AT_MOST_MS = 6500;

interface Reads {
  readonly latencies: readonly number[];
  readonly failed: number;
}

/** Reads the list and a call in turn, in an open loop. */
const readMeanwhile = async (stage: FaultStage, token: string, signal: AbortSignal): Promise<Reads> => {
  const latencies: number[] = [];
  let failed = 0;
  const reads: Promise<void>[] = [];
  const read = async (what: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    try {
      await what();
      latencies.push(performance.now() - begun);
    } catch {
      failed += 1;
    }
  };
  for (let count = 0; !signal.aborted; count += 1) {
    reads.push(read(() => (count % 2 === 0 ? stage.rest.list() : stage.rest.info(token))));
    await pause(READ_EVERY_MS);
  }
  await Promise.all(reads);
  return { latencies, failed };
};

const tellPosts = (report: Report, posts: readonly Sample[]): void => {
  const count = (wanted: number): number => posts.filter(({ status }) => status === wanted).length;
  const slowest = Math.max(...posts.map(({ ms }) => ms));
  report.row({
    fault: 'lock',
    measure: `${posts.length} POSTs meanwhile`,
    bound: '503 or 201, within about 6 s',
    measured: `${count(503)} of 503, ${count(201)} of 201, the slowest after ${(slowest / 1000).toFixed(1)} s`,
    bounded: heldIf(count(503) + count(201) === posts.length && slowest <= POST_AT_MOST_MS),
  });
};

const tellReads = (report: Report, { latencies, failed }: Reads): void => {
  const p99 = percentile(latencies, 0.99);
  report.row({
    fault: 'lock',
    measure: `${latencies.length + failed} GETs meanwhile`,
    bound: 'all answered',
    measured: `${failed} not answered, p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    bounded: heldIf(failed === 0 && latencies.length > 0),
  });
};

const tellSilence = ({ own, whole }: Silence): string => `${own.toFixed(1)} of ${whole.toFixed(1)} ms`;

interface Held {
  readonly hangups: readonly Hangup[];
  readonly silence: Silence;
  readonly reads: Reads;
  readonly from: number;
  readonly overAt: number;
}

/** The lock is held for its time, whatever the service answers or not. */
const holdLock = async (stage: FaultStage, calls: Awaited<ReturnType<FaultStage['connect']>>): Promise<Held> => {
  const lastsMs = variable('LOCK_SECONDS', 60) * 1000;
  const lock = await HeldLock.take(join(stage.directory, 'offhook.db'));
  const over = new AbortController();
  try {
    const from = performance.now();
    const reads = readMeanwhile(stage, calls.at(-1)?.token ?? '', over.signal);
    const hangups = hangUpInTurn(stage, calls.slice(0, HUNG_UP), lastsMs * SHARE_OF_HANGUPS);
    await pause(lastsMs);
    over.abort();
    await lock.release();
    const overAt = performance.now();
    const silence = await longestSilence(stage);
    return { hangups: await hangups, silence, reads: await reads, from, overAt };
  } finally {
    over.abort();
    await lock.release();
  }
};

/** The write lock of the database in the hands of another program, under ten calls a second. */
export const lock = async (report: Report): Promise<void> => {
  const stage = await FaultStage.open({ nodeArguments: PROBE });
  try {
    const calls = await stage.connect(GOING_ON + HUNG_UP);
    const goingOn = calls.slice(HUNG_UP).map(({ number }) => number);
    const load = new CallLoad(stage, { perSecond: 10, holdMs: 1000, random: seededRandom(1) });
    await pause(1000);
    await longestSilence(stage);
    await pause(CALM_SECONDS * 1000);
    const calm = await longestSilence(stage);
    const held = await holdLock(stage, calls);
    const settled = load.stop();
    const { hangups, overAt } = held;
    const journalled = (): Promise<readonly string[]> => Promise.resolve(stage.journalledNumbers());
    const aftermath = { fault: 'lock', journalled, stage, overAt, settled, hangups, goingOn };
    await tellAftermath(report, aftermath);
    report.row({
      fault: 'lock',
      measure: 'longest silence of the event loop, without waiting for a processor',
      bound: `${SILENT_AT_MOST_MS} ms`,
      measured: `${tellSilence(held.silence)}; without the lock ${tellSilence(calm)}`,
      bounded: heldIf(held.silence.own < SILENT_AT_MOST_MS),
    });
    tellReads(report, held.reads);
    tellPosts(
      report,
      load.samples.filter(({ verb, at }) => verb === 'POST' && at >= held.from && at < overAt),
    );
    tellCalls(report, aftermath);
    await tellPromises(report, aftermath, load);
  } finally {
    await stage.close();
  }
};
