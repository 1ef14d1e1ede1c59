/*
 * Memory of a call that is held: so many calls connected between two sipps, and what the service has after a full collection
 * of garbage, at two numbers of them. The difference between these is told for each call: what stands anyway is in neither.
 *
 * Shorter, by variables: HELD_CALLS=200,1000 WARM_UP_CALLS=100.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CallRecords } from './calls/call-records.ts';
import type { CallStage } from './calls/call-stage.ts';
import { heldCalls, nodeArguments, warmUpCalls } from './calls/options.ts';
import { measureStep } from './calls/step.ts';
import { Table } from './calls/table.ts';
import { openWarmStage } from './calls/warm-stage.ts';
import { describeFailure } from './calls/words.ts';

const CONNECTIONS = 64;
const RATE = 200;
const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

const probe = pathToFileURL(new URL('memory-probe.mjs', import.meta.url).pathname).href;

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly openFiles: number;
}

const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const limit = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
};

/** Asks the probe inside the service. */
const measureMemory = async ({ service }: CallStage): Promise<Memory> => {
  const { output, pid } = service;
  const from = output.length;
  const told = (): string | undefined => output.slice(from).find((line) => line.startsWith('{"memory"'));
  process.kill(pid, 'SIGUSR2');
  await until('the memory is told', () => told() !== undefined);
  const { memory } = JSON.parse(told() ?? '') as { memory: NodeJS.MemoryUsage };
  return { ...memory, openFiles: readdirSync(`/proc/${pid}/fd`).length };
};

const mb = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
const kbEach = (bytes: number, calls: number): string => `${(bytes / 1024 / calls).toFixed(2)} kB`;

const createTable = (): Table =>
  new Table(['calls held', 'RSS MB', 'heap used MB', 'heap MB', 'external MB', 'open files']);

const rowOf = (held: string | number, { rss, heapUsed, heapTotal, external, openFiles }: Memory) => [
  ...[held, mb(rss), mb(heapUsed), mb(heapTotal), mb(external), openFiles],
];

const printEach = (table: Table, [few = 0, many = 0]: readonly number[], [at, then]: readonly Memory[]): void => {
  if (at === undefined || then === undefined) return;
  const each = (of: keyof Memory): string => kbEach(then[of] - at[of], many - few);
  const files = ((then.openFiles - at.openFiles) / (many - few)).toFixed(2);
  table.row(['each', each('rss'), each('heapUsed'), each('heapTotal'), each('external'), files]);
};

const opened = await openWarmStage(CONNECTIONS, { nodeArguments: [...nodeArguments, '--import', probe] });
const { stage, generator } = opened;

/** Places the rest of so many calls, and waits until both peers have all of them and each is joined. */
const holdAsMany = async (total: number, held: readonly CallRecords[]): Promise<CallRecords> => {
  const already = held.reduce((sum, { count }) => sum + count, 0);
  const records = await generator.run({ rate: RATE, count: total - already, holdMs: Infinity });
  if (records.posts(201) !== records.count) throw new Error('a call was refused');
  await until('both peers have every call', async () => {
    const all = await Promise.all([stage.phone.statistics(), stage.carrier.statistics()]);
    return all.every(({ ongoing }) => ongoing === total);
  });
  await stage.connected(records);
  return records;
};

console.log(
  `${heldCalls.join(' and ')} calls held, placed at ${RATE}/s, after ${warmUpCalls} that have ended; Node ${process.version}`,
);
try {
  const table = createTable();
  table.row(rowOf(0, await measureMemory(stage)));
  const held: CallRecords[] = [];
  const taken: Memory[] = [];
  const load = async (): Promise<readonly CallRecords[]> => {
    for (const total of heldCalls) {
      held.push(await holdAsMany(total, held));
      const memory = await measureMemory(stage);
      table.row(rowOf(total, memory));
      taken.push(memory);
    }
    printEach(table, heldCalls, taken);
    for (const records of held) await generator.endHeld(records, RATE);
    return held;
  };
  const step = await measureStep({ stage, generator, load });
  table.row(rowOf('all ended', await measureMemory(stage)));
  console.log(`\n${step.good} of ${step.offered} calls were connected, held and ended as they should`);
  if (!step.isClean) {
    console.log(await describeFailure(step, stage));
    process.exitCode = 1;
  }
} finally {
  await opened.close();
}
