/*
 * What telling of calls costs: processor time of the service at so many calls a second with 200 readers of the stream (10 see all
 * calls, 190 their own) and with none, turn about in one run; and how long a change takes to the wire at half of that load, its
 * commit included.
 *
 * Shorter, by variables: RATE=100 SECONDS=10 ROUNDS=3.
 */
import { EventStage } from './events/event-stage.ts';
import { playCalls } from './events/load.ts';
import { Readers } from './events/readers.ts';
import { cpuMs, median, percentile, printTable } from './figures.ts';

const numberOf = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const rate = numberOf('RATE', 100);
const seconds = numberOf('SECONDS', 10);
const rounds = numberOf('ROUNDS', 3);
const OWN = 190;
const ALL = 10;
const HOLD_MS = 1000;

const stage = await EventStage.open(OWN);
const port = Number(new URL(stage.service.baseUrl).port);
let failed = 0;

const load = async (perSecond: number): Promise<number> => {
  const before = cpuMs(stage.service.pid);
  failed += await playCalls({ port, tokens: stage.tokens, perSecond, seconds, holdMs: HOLD_MS });
  return cpuMs(stage.service.pid) - before;
};

const withReaders = async (perSecond: number): Promise<{ readonly ms: number; readonly readers: Readers }> => {
  const readers = new Readers();
  const measured = { query: '?all=true', how: 'measured' } as const;
  await readers.open(port, stage.operatorToken, measured);
  for (let count = 1; count < ALL; count += 1) {
    await readers.open(port, stage.operatorToken, { query: '?all=true', how: 'counted' });
  }
  for (const token of stage.tokens) await readers.open(port, token, { query: '', how: 'counted' });
  const ms = await load(perSecond);
  readers.close();
  return { ms, readers };
};

try {
  console.log(
    `${OWN + ALL} readers, ${OWN} of them of their own calls; ${rate} calls/s, ${seconds} s a round, Node ${process.version}\n`,
  );
  await load(rate);
  const [none, some]: [number[], number[]] = [[], []];
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    none.push(await load(rate));
    const told = await withReaders(rate);
    some.push(told.ms);
    ({ bytes } = told.readers);
  }
  const [without, withThem] = [median(none), median(some)];
  printTable([
    ['readers', 'processor ms/s', 'ratio', 'MB/s'],
    ['none', (without / seconds).toFixed(0), '1.00', '0.0'],
    [OWN + ALL, (withThem / seconds).toFixed(0), (withThem / without).toFixed(2), (bytes / 1e6 / seconds).toFixed(1)],
  ]);
  const { delaysMs } = (await withReaders(rate / 2)).readers;
  console.log('');
  printTable([
    ['from a change to the wire', 'events', 'p50 ms', 'p99 ms'],
    [`at ${rate / 2} calls/s`, delaysMs.length, percentile(delaysMs, 0.5), percentile(delaysMs, 0.99)],
  ]);
  console.log(`\n${failed} requests failed`);
} finally {
  await stage.close();
}
process.exit(0);
