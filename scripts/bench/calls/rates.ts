import { percentile } from '../figures.ts';
import type { CallGenerator } from './call-generator.ts';
import { CallStage } from './call-stage.ts';
import { findHighestRate } from './highest-rate.ts';
import { connectionCounts, rates as fixedRates, secondsPerRate as seconds, warmUpCalls } from './options.ts';
import { HOLD_MS, measureRate, type Step } from './step.ts';
import { Table } from './table.ts';

const WARM_UP_RATE = 300;
const COLD_RATE = 300;
const [INCREASE, LEAST_WEIGHT, CONFIRMATIONS] = [0.25, 0.05, 2];

type Warmth = 'warm' | 'cold';

interface Opened {
  readonly stage: CallStage;
  readonly generator: CallGenerator;
}

/** Warm: its code is compiled and all connections are open. Cold: the process is new, and each is opened by its first use. */
const openStage = async (connections: number, warmth: Warmth): Promise<Opened> => {
  const stage = await CallStage.open();
  const generator = stage.generator(connections);
  if (warmth === 'warm') {
    await measureRate(stage, generator, { rate: WARM_UP_RATE, seconds: warmUpCalls / WARM_UP_RATE });
    await generator.open();
  }
  return { stage, generator };
};

const closeStage = async ({ stage, generator }: Opened): Promise<void> => {
  generator.close();
  await stage.close();
};

const createTable = (): Table =>
  new Table([
    ...['calls/s', 'conns', 'opened', 'start', 'calls', 'good', 'resent'],
    ...['CPU ms/call', 'main', 'others', 'generator', 'sipps'],
    ...['POST p50 ms', 'p99', 'POST-INVITE p50', 'p99', 'PUT p50', 'p99', 'late p99', 'MB'],
  ]);

const ms = (figures: Float64Array, share: number): string =>
  percentile(
    figures.filter((figure) => !Number.isNaN(figure)),
    share,
  ).toFixed(1);

/** By how much the generator itself placed calls too late: what it says of the others is worth as much. */
const latenessMs = ({ records: { placedAt } }: Step, rate: number): Float64Array =>
  placedAt.map((at, index) => at - (placedAt[0] ?? 0) - (index * 1000) / rate);

const rowOf = (step: Step, { rate, connections, warmth }: { rate: number; connections: number; warmth: Warmth }) => {
  const { records, costs } = step;
  const perCall = (cost: number): string => (cost / records.count).toFixed(3);
  return [
    ...[rate, connections, step.opened, warmth, records.count, step.good, step.resent],
    ...[costs.serviceMain + costs.serviceOthers, costs.serviceMain, costs.serviceOthers].map(perCall),
    ...[costs.generator, costs.sipps].map(perCall),
    ...[ms(records.postMs, 0.5), ms(records.postMs, 0.99), ms(step.toInviteMs, 0.5), ms(step.toInviteMs, 0.99)],
    ...[ms(records.putMs, 0.5), ms(records.putMs, 0.99), ms(latenessMs(step, rate), 0.99), Math.round(step.peakMb)],
  ];
};

/** What the peers and HTTP had to say against an attempt. */
const describeFailure = async ({ records, good, failed }: Step, { phone, carrier }: CallStage): Promise<string> => {
  const statuses = new Map<string, number>();
  const count = (verb: string, all: Uint16Array, expected: number): void =>
    all.forEach((status) => {
      const key = `${verb} ${status === 0 ? 'without a reply' : status}`;
      if (status !== expected) statuses.set(key, (statuses.get(key) ?? 0) + 1);
    });
  count('POST', records.postStatus, 201);
  count(
    'PUT',
    records.putStatus.filter((_, index) => records.postStatus[index] === 201),
    200,
  );
  const told = [...statuses].map(([key, times]) => `${times} times ${key}`).join(', ');
  const errors = `${await phone.errors()}\n${await carrier.errors()}`.trim().split('\n').slice(0, 6).join('\n');
  return `not clean: ${records.count - good} of ${records.count} calls; ${failed} failed at the peers; ${told}\n${errors}`;
};

/** Measures rates on one stage, and on a new one after each that was not clean: its calls are still about. */
class Series {
  readonly #table: Table;
  readonly #connections: number;
  #opened: Opened | undefined;

  constructor(table: Table, connections: number) {
    this.#table = table;
    this.#connections = connections;
  }

  async isClean(rate: number, warmth: Warmth): Promise<boolean> {
    this.#opened ??= await openStage(this.#connections, warmth);
    const { stage, generator } = this.#opened;
    const step = await measureRate(stage, generator, { rate, seconds });
    this.#table.row(rowOf(step, { rate, connections: this.#connections, warmth }));
    if (!step.isClean) {
      console.log(await describeFailure(step, stage));
      await this.close();
    }
    return step.isClean;
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined) await closeStage(this.#opened);
    this.#opened = undefined;
  }
}

const measureWarm = async (table: Table, connections: number): Promise<number> => {
  const series = new Series(table, connections);
  try {
    let highest = 0;
    for (const rate of fixedRates) {
      if (!(await series.isClean(rate, 'warm'))) break;
      highest = rate;
    }
    const found = await findHighestRate({
      start: Math.floor((highest === 0 ? (fixedRates[0] ?? 100) / 2 : highest) * (1 + INCREASE)),
      increase: INCREASE,
      leastWeight: LEAST_WEIGHT,
      confirmations: CONFIRMATIONS,
      attempt: (rate) => series.isClean(rate, 'warm'),
    });
    return Math.max(highest, found);
  } finally {
    await series.close();
  }
};

const measureCold = async (table: Table, connections: number): Promise<void> => {
  const series = new Series(table, connections);
  try {
    await series.isClean(COLD_RATE, 'cold');
  } finally {
    await series.close();
  }
};

/** What a rate costs and how long it takes, and the highest one at which every call is good, by connections. */
export const measureRates = async (): Promise<ReadonlyMap<number, number>> => {
  console.log(
    `Each rate for ${seconds} s, a call held for ${HOLD_MS} ms; warm after ${warmUpCalls} calls. Good: 201, connected, PUT 200, both legs ended.`,
  );
  const highest = new Map<number, number>();
  const table = createTable();
  for (const connections of connectionCounts) {
    await measureCold(table, connections);
    highest.set(connections, await measureWarm(table, connections));
  }
  for (const [connections, rate] of highest) {
    console.log(`highest rate at which every call was good over ${connections} connections: ${rate} calls/s`);
  }
  return highest;
};
