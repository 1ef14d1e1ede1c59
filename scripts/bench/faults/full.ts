import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CallLoad } from '../../../test/support/call-load.ts';
import { becomes, FaultStage } from '../../../test/support/fault-stage.ts';
import { hangUpInTurn, SHARE_OF_HANGUPS } from '../../../test/support/hangups.ts';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { canMount, SmallDisk } from '../../../test/support/small-disk.ts';
import { tellAftermath, tellCalls, tellPromises } from './aftermath.ts';
import { heldIf, type Report, variable } from './report.ts';

const GOING_ON = 20;
const HUNG_UP = 30;
const HEALTH_EVERY_MS = 250;
const HEALTHY_WITHIN_MS = 5000;
/** What was allocated before is written to until it is used up. */
const NOTICED_WITHIN_MS = 5000;

/** The statuses of `/healthz` from the first refusal on. */
const watchHealth = async (stage: FaultStage, signal: AbortSignal): Promise<readonly number[]> => {
  const statuses: number[] = [];
  while (!signal.aborted) {
    statuses.push(await stage.health().catch(() => 0));
    await pause(HEALTH_EVERY_MS);
  }
  return statuses;
};

const isRefused = (load: CallLoad, since: number): boolean =>
  load.samples.some(({ verb, at, status }) => verb === 'POST' && at >= since && status === 503);

const tellPosts = (
  report: Report,
  load: CallLoad,
  { from, to }: { readonly from: number; readonly to: number },
): void => {
  const posts = load.samples.filter(({ verb, at }) => verb === 'POST' && at >= from && at < to);
  const refused = posts.filter(({ status }) => status === 503);
  const named = refused.filter(({ problem }) => /disk/i.test(problem ?? ''));
  const placed = posts.filter(({ status }) => status === 201).length;
  report.row({
    fault: 'full',
    measure: `${posts.length} POSTs meanwhile`,
    bound: '503, and the problem names the disk',
    measured: `${refused.length} of 503, ${named.length} name the disk, ${placed} placed, for example: ${refused[0]?.problem ?? 'none'}`,
    bounded: heldIf(refused.length > 0 && named.length === refused.length && refused.length + placed === posts.length),
  });
};

const fillWhileCalling = async (report: Report, stage: FaultStage, disk: SmallDisk): Promise<void> => {
  const calls = await stage.connect(GOING_ON + HUNG_UP);
  const goingOn = calls.slice(HUNG_UP).map(({ number }) => number);
  const load = new CallLoad(stage, { perSecond: 20, holdMs: 2000, random: seededRandom(1) });
  await pause(2000);
  await disk.fill();
  const from = performance.now();
  if (!(await becomes(() => isRefused(load, from), NOTICED_WITHIN_MS)))
    throw new Error('the disk is not felt to be full');
  const over = new AbortController();
  const health = watchHealth(stage, over.signal);
  const lastsMs = variable('FULL_SECONDS', 90) * 1000;
  const hangups = hangUpInTurn(stage, calls.slice(0, HUNG_UP), lastsMs * SHARE_OF_HANGUPS);
  await pause(lastsMs);
  over.abort();
  const ill = await health;
  const to = performance.now();
  const settled = load.stop();
  await disk.free();
  const overAt = performance.now();
  const journalled = async (): Promise<readonly string[]> =>
    (await disk.query<{ number: string }>('offhook.db', 'select number from calls')).map(({ number }) => number);
  const aftermath = { fault: 'full', journalled, stage, overAt, settled, hangups: await hangups, goingOn };
  const healthy = becomes(async () => (await stage.health()) === 200, HEALTHY_WITHIN_MS).then((isSo) => ({
    isSo,
    ms: performance.now() - overAt,
  }));
  await tellAftermath(report, aftermath);
  tellPosts(report, load, { from, to });
  report.row({
    fault: 'full',
    measure: '/healthz',
    bound: '503 meanwhile, 200 after',
    measured: `${ill.filter((status) => status === 503).length} of ${ill.length} were 503, ${(await healthy).isSo ? '200' : 'not 200'} after ${((await healthy).ms / 1000).toFixed(1)} s`,
    bounded: heldIf(ill.every((status) => status === 503) && (await healthy).isSo),
  });
  tellCalls(report, aftermath);
  await tellPromises(report, aftermath, load);
  const next = await stage.connect(1).then(
    () => 'placed',
    (error: unknown) => String(error),
  );
  report.row({
    fault: 'full',
    measure: 'a call after space',
    bound: 'placed',
    measured: next,
    bounded: heldIf(next === 'placed'),
  });
};

/** A disk without a byte left, under twenty calls a second. */
export const full = async (report: Report): Promise<void> => {
  if (!canMount()) {
    console.error('\n*** full: SKIPPED, this process cannot mount a disk of its own (root is needed) ***\n');
    const isAllowed = process.env['ALLOW_SKIP'] !== undefined;
    const measured = 'skipped: cannot mount';
    const bounded = isAllowed ? 'none' : 'missed';
    report.row({ fault: 'full', measure: 'could be measured', bound: 'yes', measured, bounded });
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'offhook-full-'));
  const disk = await SmallDisk.mount(directory);
  try {
    const env = { OFFHOOK_DATABASE_URL: `sqlite:${join(disk.path, 'offhook.db')}` };
    const stage = await FaultStage.open({ directory, within: disk.within, env });
    try {
      await fillWhileCalling(report, stage, disk);
    } finally {
      await stage.close();
    }
  } finally {
    await disk.close();
    await rm(directory, { recursive: true, force: true });
  }
};
