import { setTimeout as pause } from 'node:timers/promises';
import { FloodProcess } from './flood-process.ts';
import { requireOpenFiles } from './open-files.ts';
import { floodSeconds } from './options.ts';
import { measureRate } from './step.ts';
import { Table } from './table.ts';
import { openWarmStage } from './warm-stage.ts';
import { describeFailure, perCent, quantile, serviceCost } from './words.ts';

interface Flood {
  readonly name: string;
  readonly at: 'sip' | 'http';
  /** Where it takes connections away, it takes those over which our own calls go. */
  readonly phoneTransport?: 'udp' | 'tcp';
}

const FLOODS: readonly Flood[] = [
  { name: 'sip-tcp-connections', at: 'sip', phoneTransport: 'tcp' },
  { name: 'strangers-invites', at: 'sip' },
  { name: 'sip-garbage', at: 'sip' },
  { name: 'sip-options', at: 'sip' },
  { name: 'sip-registers', at: 'sip' },
  { name: 'pipelined-gets', at: 'http' },
  { name: 'slow-bodies', at: 'http' },
  { name: 'slow-headers', at: 'http' },
  { name: 'unread-replies', at: 'http' },
];

const RATE = 20;
const CONNECTIONS = 64;
/** Of a flood, at both its ends. */
const MOST_CONNECTIONS = 10_000;
/** For a flood to rise before its calls are counted. */
const RISE_MS = 6000;

const measureFlood = async (table: Table, { name, at, phoneTransport = 'udp' }: Flood): Promise<void> => {
  const opened = await openWarmStage(CONNECTIONS, { phoneTransport });
  const { stage, generator } = opened;
  try {
    requireOpenFiles(stage.service.pid, MOST_CONNECTIONS);
    const flood = await FloodProcess.start(name, at === 'sip' ? stage.service.sipPort : stage.httpPort);
    await pause(RISE_MS);
    const step = await measureRate(stage, generator, { rate: RATE, seconds: floodSeconds });
    const figures = await flood.stop();
    for (const { records } of step.outcomes) {
      table.row([
        ...[name, phoneTransport, step.offered, step.good, perCent(step.good / step.offered), step.resent],
        ...[quantile(records.postMs, 0.5), quantile(records.postMs, 0.99), quantile(records.putMs, 0.99)],
        ...[perCent(serviceCost(step.costs) / step.elapsedMs), Math.round(step.peakMb)],
        figures,
      ]);
    }
    if (!step.isClean) console.log(await describeFailure(step, stage));
  } catch (error) {
    console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await opened.close();
  }
};

/** What becomes of calls beside each of the floods, which run in a process of their own. */
export const measureFloods = async (): Promise<void> => {
  console.log(`\nfloods: ${RATE} calls/s for ${floodSeconds} s beside each of them`);
  const table = new Table([
    ...['flood'.padStart(20), 'phone', 'calls', 'good', 'share', 'resent'],
    ...['POST p50 ms', 'p99', 'PUT p99', 'CPU of a core', 'peak MB', 'what the flood tells of itself'],
  ]);
  for (const flood of FLOODS) await measureFlood(table, flood);
};
