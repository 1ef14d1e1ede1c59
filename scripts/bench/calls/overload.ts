import { setTimeout as pause } from 'node:timers/promises';
import type { CallRecords } from './call-records.ts';
import { HealthWatch } from './health-watch.ts';
import { cleanRate, connectionCounts, overloadSeconds, secondsPerRate } from './options.ts';
import { type HighestRates, measureRates } from './rates.ts';
import { countGood, HOLD_MS, measureRate, measureStep, type Outcome, type Step } from './step.ts';
import { Table } from './table.ts';
import { type OpenStage, openWarmStage } from './warm-stage.ts';
import { describeFailure, perCent, quantile, serviceCost } from './words.ts';

const FACTORS = [2, 4];
/** What is normal again after the storm: half of what is clean. */
const NORMAL_SHARE = 0.5;
const NORMAL_SECONDS = 20;

interface Overload {
  readonly step: Step;
  readonly storm: Outcome;
  readonly calm: Outcome;
  /** When the last call of the storm was due, by `performance.now()`. */
  readonly endedAt: number;
  readonly health: readonly string[];
}

/** A storm, and the usual rate from its last call on, while what it left is still about. */
const overload = async ({ stage, generator }: OpenStage, clean: number, factor: number): Promise<Overload> => {
  const rate = clean * factor;
  const health = new HealthWatch(stage.service.baseUrl);
  let endedAt = 0;
  const load = async (): Promise<readonly CallRecords[]> => {
    const storm = generator.run({ rate, count: Math.round(rate * overloadSeconds), holdMs: HOLD_MS });
    await pause(overloadSeconds * 1000);
    endedAt = performance.now();
    const normal = clean * NORMAL_SHARE;
    const calm = generator.run({ rate: normal, count: Math.round(normal * NORMAL_SECONDS), holdMs: HOLD_MS });
    return Promise.all([storm, calm]);
  };
  const step = await measureStep({ stage, generator, load });
  const [storm, calm] = step.outcomes;
  if (storm === undefined || calm === undefined) throw new TypeError('a storm and a calm were asked for');
  return { step, storm, calm, endedAt, health: await health.stop() };
};

/** Seconds from the end of the storm until the first call after which every one is good. */
const secondsUntilClean = ({ calm: { isGood, records }, endedAt }: Overload): string => {
  const lastBad = isGood.lastIndexOf(0);
  if (lastBad === -1) return '0.0';
  if (lastBad === records.count - 1) return `over ${NORMAL_SECONDS}`;
  return (((records.placedAt[lastBad + 1] ?? Number.NaN) - endedAt) / 1000).toFixed(1);
};

const createTable = (): Table =>
  new Table([
    ...['times', 'conns', 'calls/s', 'calls', '201', '503', 'others', 'good/s', 'of clean', '201, not good'],
    ...['503 p50 ms', '503 p99', 'CPU ms/503', 'POST 201 p99', 'PUT p99', 'clean after s', 'peak MB', 'waited p99'],
  ]);

const rowOf = (taken: Overload, clean: number, context: { factor: number; connections: number; perCall: number }) => {
  const { step, storm, calm } = taken;
  const { records } = storm;
  const [accepted, refused, good] = [records.posts(201), records.posts(503), countGood(storm)];
  const ofCalls = (accepted + calm.records.posts(201)) * context.perCall;
  const perRefusal = refused === 0 ? '' : ((serviceCost(step.costs) - ofCalls) / refused).toFixed(3);
  const refusals = records.postsMs(503, 'sent');
  return [
    ...[context.factor, context.connections, clean * context.factor, records.count],
    ...[accepted, refused, records.count - accepted - refused],
    ...[(good / overloadSeconds).toFixed(0), perCent(good / overloadSeconds / clean), accepted - good],
    ...[quantile(refusals, 0.5), quantile(refusals, 0.99), perRefusal],
    ...[quantile(records.postsMs(201), 0.99), quantile(records.putMs, 0.99), secondsUntilClean(taken)],
    ...[Math.round(step.peakMb), quantile(records.waitedMs, 0.99)],
  ];
};

const measureFactor = async (table: Table, context: { clean: number; factor: number; connections: number }) => {
  const { clean, factor, connections } = context;
  const opened = await openWarmStage(connections);
  try {
    const usual = await measureRate(opened.stage, opened.generator, { rate: clean, seconds: secondsPerRate });
    const perCall = serviceCost(usual.costs) / usual.offered;
    const taken = await overload(opened, clean, factor);
    table.row(rowOf(taken, clean, { factor, connections, perCall }));
    console.log(`at the clean rate before: ${usual.good} of ${usual.offered} good, ${perCall.toFixed(3)} ms a call`);
    console.log(`/healthz said: ${taken.health.join('; ')}`);
    if (!taken.step.isClean) console.log(await describeFailure(taken.step, opened.stage));
  } finally {
    await opened.close();
  }
};

/** What becomes of the calls when more are placed than can be carried. */
export const measureOverload = async (highest?: HighestRates): Promise<void> => {
  const clean = cleanRate > 0 ? new Map(connectionCounts.map((count) => [count, cleanRate])) : undefined;
  const rates = clean ?? highest ?? (await measureRates());
  console.log(
    `\noverload: ${overloadSeconds} s of a multiple of the clean rate, then ${NORMAL_SECONDS} s of half of it. 503 are timed from when\n` +
      'the request was sent, all others from when it was due. CPU of a 503: what is left when each call costs what it does at the clean rate.',
  );
  const table = createTable();
  for (const connections of connectionCounts) {
    const rate = rates.get(connections) ?? 0;
    if (rate === 0) console.log(`over ${connections} connections no rate was clean`);
    for (const factor of rate === 0 ? [] : FACTORS) await measureFactor(table, { clean: rate, factor, connections });
  }
};
