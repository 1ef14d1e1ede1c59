import { findHighestRate } from './highest-rate.ts';
import { connectionCounts, fixedRates, secondsPerRate as seconds, warmUpCalls } from './options.ts';
import { createRateTable, rateRow } from './rate-table.ts';
import { HOLD_MS, measureRate } from './step.ts';
import type { Table } from './table.ts';
import { openColdStage, type OpenStage, openWarmStage } from './warm-stage.ts';
import { describeFailure } from './words.ts';

const COLD_RATE = 300;
const [INCREASE, LEAST_WEIGHT, CONFIRMATIONS] = [0.25, 0.05, 2];

/** The establishment threshold time of RFC 7501 section 3: what takes longer has failed. Over few connections calls wait for one. */
const THRESHOLD_MS = 1000;

/** Measures rates on one stage, and on a new one after each that was not clean: its calls are still about. */
class Series {
  readonly #table: Table;
  readonly #connections: number;
  readonly #warmth: 'warm' | 'cold';
  #opened: OpenStage | undefined;

  constructor(table: Table, connections: number, warmth: 'warm' | 'cold') {
    this.#table = table;
    this.#connections = connections;
    this.#warmth = warmth;
  }

  async isClean(rate: number): Promise<boolean> {
    const open = this.#warmth === 'warm' ? openWarmStage : openColdStage;
    this.#opened ??= await open(this.#connections);
    const { stage, generator } = this.#opened;
    const step = await measureRate(stage, generator, { rate, seconds });
    const measured = { rate, connections: this.#connections, start: this.#warmth };
    for (const outcome of step.outcomes) this.#table.row(rateRow(step, outcome, measured));
    const isInTime = step.outcomes.every(({ records }) => records.postMs.every((ms) => ms <= THRESHOLD_MS));
    if (!step.isClean || !isInTime) {
      if (!isInTime) console.log(`not clean: a POST took longer than ${THRESHOLD_MS} ms`);
      console.log(await describeFailure(step, stage));
      await this.close();
    }
    return step.isClean && isInTime;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }
}

const measureCold = async (table: Table, connections: number): Promise<void> => {
  const series = new Series(table, connections, 'cold');
  try {
    await series.isClean(COLD_RATE);
  } finally {
    await series.close();
  }
};

const measureWarm = async (table: Table, connections: number): Promise<number> => {
  const series = new Series(table, connections, 'warm');
  try {
    let highest = 0;
    for (const rate of fixedRates) {
      if (!(await series.isClean(rate))) break;
      highest = rate;
    }
    const start = highest === 0 ? (fixedRates[0] ?? 100) / 2 : highest * (1 + INCREASE);
    const found = await findHighestRate({
      start: Math.floor(start),
      increase: INCREASE,
      leastWeight: LEAST_WEIGHT,
      confirmations: CONFIRMATIONS,
      attempt: (rate) => series.isClean(rate),
    });
    return Math.max(highest, found);
  } finally {
    await series.close();
  }
};

/** Of each number of connections, the highest rate at which every call was good. */
export type HighestRates = ReadonlyMap<number, number>;

/** What a rate costs and how long it takes, and how high it may be. */
export const measureRates = async (): Promise<HighestRates> => {
  console.log(
    `\nrates: each for ${seconds} s, a call held for ${HOLD_MS} ms; cold: a new process; warm: after ${warmUpCalls} calls.\n` +
      'Good: POST 201, PUT 200, and both peers were invited, connected and had their BYE.',
  );
  const table = createRateTable();
  const highest = new Map<number, number>();
  for (const connections of connectionCounts) {
    await measureCold(table, connections);
    highest.set(connections, await measureWarm(table, connections));
  }
  console.log();
  for (const [connections, rate] of highest) {
    console.log(`highest rate at which every call was good over ${connections} connections: ${rate} calls/s`);
  }
  return highest;
};
