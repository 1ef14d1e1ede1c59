/*
 * Calls end to end: HTTP POST with a bearer token, two legs answered by two sipp processes, PUT, both legs ended.
 * Open loop: the POSTs leave at their times whatever comes back. The rate rises until a call is not clean at a sipp.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorize } from '../../test/support/authorize.ts';
import { freePort } from '../../test/support/sipp.ts';
import { startService } from '../../test/support/start-service.ts';
import { cpuMs, percentile, printTable } from './figures.ts';
import { HttpClient } from './http-client.ts';

const RATES = (process.env['RATES'] ?? '100,200,300,400,500,600,700,800,900,1000').split(',').map(Number);
const SECONDS = Number(process.env['SECONDS_PER_RATE'] ?? 10);
const HOLD_MS = 1500;
const SETTLE_MS = 3000;
/** As `npm start` has them; for profiles add --cpu-prof and --cpu-prof-dir. */
const nodeArguments = (process.env['NODE_ARGUMENTS'] ?? '--max-semi-space-size=64')
  .split(' ')
  .filter((argument) => argument !== '');

interface SippStatistics {
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
}

interface BenchSipp {
  readonly child: ChildProcess;
  readonly port: number;
  readonly directory: string;
  statistics(): Promise<SippStatistics>;
}

const startSipp = async (scenario: string): Promise<BenchSipp> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  const [port, mediaPort] = [await freePort(), await freePort()];
  const child = spawn(
    'sipp',
    [
      ...['-sf', new URL(`${scenario}.xml`, import.meta.url).pathname, '-i', '127.0.0.1', '-p', String(port)],
      ...['-mp', String(mediaPort), '-t', 'u1', '-buff_size', '4194304', '-nostdin'],
      ...['-trace_stat', '-fd', '1', '-stf', 'statistics.csv', '-trace_logs', '-log_file', 'arrivals.log'],
      ...['-trace_err', '-error_file', 'errors.log'],
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  const statistics = async (): Promise<SippStatistics> => {
    const lines = (await readFile(join(directory, 'statistics.csv'), 'utf8')).trim().split('\n');
    const names = (lines[0] ?? '').split(';');
    const values = (lines.at(-1) ?? '').split(';');
    const of = (name: string): number => Number(values[names.indexOf(name)]);
    return {
      successful: of('SuccessfulCall(C)'),
      failed: of('FailedCall(C)'),
      retransmissions: of('Retransmissions(C)'),
    };
  };
  return { child, port, directory, statistics };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** When each number's INVITE reached the phone, in milliseconds since the epoch. */
const readArrivals = async (phone: BenchSipp): Promise<Map<string, number>> => {
  const arrivals = new Map<string, number>();
  for (const line of (await readFile(join(phone.directory, 'arrivals.log'), 'utf8')).split('\n')) {
    const match = /(\d{10}\.\d+)\s+(\+\d+)/.exec(line);
    if (match !== null) arrivals.set(match[2] ?? '', Number(match[1]) * 1000);
  }
  return arrivals;
};

/** What a sipp found unexpected first. */
const printErrors = async ({ directory }: BenchSipp): Promise<void> => {
  const text = await readFile(join(directory, 'errors.log'), 'utf8').catch(() => '');
  console.log(text.split('\n').slice(0, 25).join('\n'));
};

const now = (): number => performance.timeOrigin + performance.now();

interface Step {
  readonly rate: number;
  readonly offered: number;
  readonly unclean: number;
  readonly cpu: number;
  readonly posts: readonly number[];
  readonly postedAt: ReadonlyMap<string, number>;
}

let nextNumber = 0;

const runStep = async (client: HttpClient, token: string, rate: number, pid: number): Promise<Step> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' };
  const posts: number[] = [];
  const postedAt = new Map<string, number>();
  let unclean = 0;
  const oneCall = async (): Promise<void> => {
    nextNumber += 1;
    const number = `+12025${String(nextNumber).padStart(6, '0')}`;
    const started = now();
    postedAt.set(number, started);
    const placed = await client.send('POST', '/rest/call', headers, `number=${encodeURIComponent(number)}`);
    posts.push(now() - started);
    const call = new URL(placed.location ?? 'http://none/').searchParams.get('token_call');
    if (placed.status !== 201 || call === null) {
      unclean += 1;
      return;
    }
    await pause(HOLD_MS);
    const stopped = await client.send('PUT', '/rest/call', headers, `token_call=${call}`);
    if (stopped.status !== 200) unclean += 1;
  };
  const offered = rate * SECONDS;
  const begin = performance.now();
  const cpuBefore = cpuMs(pid);
  const calls: Promise<void>[] = [];
  while (calls.length < offered) {
    const due = Math.min(offered, Math.floor(((performance.now() - begin) / 1000) * rate));
    while (calls.length < due) calls.push(oneCall().catch(() => void (unclean += 1)));
    await pause(1);
  }
  await Promise.all(calls);
  await pause(SETTLE_MS);
  return { rate, offered, unclean, cpu: (cpuMs(pid) - cpuBefore) / offered, posts, postedAt };
};

const phone = await startSipp('phone');
const carrier = await startSipp('carrier');
process.once('exit', () => [phone, carrier].forEach(({ child }) => child.kill('SIGKILL')));
const service = await startService({
  settings: {
    trunks: [{ name: 'bench', uri: `sip:127.0.0.1:${carrier.port}` }],
    phones: [{ user: 'demo', address: `sip:phone@127.0.0.1:${phone.port}` }],
    policy: { max_ongoing_calls_per_user: 0 },
    limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
  },
  env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
  nodeArguments,
});
const client = new HttpClient(service.baseUrl);
const rows: (string | number)[][] = [
  ['calls/s', 'calls', 'clean', 'resent', 'CPU ms/call', 'POST p50 ms', 'p99', 'POST-INVITE p50 ms', 'p99'],
];
let highest = 0;
try {
  const token = await authorize(service.baseUrl);
  await runStep(client, token, 50, service.pid);
  let before = { phone: await phone.statistics(), carrier: await carrier.statistics() };
  for (const rate of RATES) {
    const step = await runStep(client, token, rate, service.pid);
    const after = { phone: await phone.statistics(), carrier: await carrier.statistics() };
    const gained = (side: 'phone' | 'carrier', what: keyof SippStatistics): number =>
      after[side][what] - before[side][what];
    const clean = Math.min(gained('phone', 'successful'), gained('carrier', 'successful'), step.offered - step.unclean);
    const failed = gained('phone', 'failed') + gained('carrier', 'failed');
    const resent = gained('phone', 'retransmissions') + gained('carrier', 'retransmissions');
    const arrivals = await readArrivals(phone);
    const toInvite = [...step.postedAt].flatMap(([number, at]) => {
      const arrival = arrivals.get(number);
      return arrival === undefined ? [] : [arrival - at];
    });
    rows.push([
      rate,
      step.offered,
      clean,
      resent,
      step.cpu.toFixed(3),
      percentile(step.posts, 0.5).toFixed(1),
      percentile(step.posts, 0.99).toFixed(1),
      percentile(toInvite, 0.5).toFixed(1),
      percentile(toInvite, 0.99).toFixed(1),
    ]);
    before = after;
    if (clean !== step.offered || failed > 0) {
      await Promise.all([phone, carrier].map(printErrors));
      break;
    }
    highest = rate;
  }
} finally {
  client.close();
  await service.stop();
  for (const { child, directory } of [phone, carrier]) {
    child.kill('SIGKILL');
    await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  }
}
printTable(rows);
console.log(`\nhighest rate at which every call was clean at both sipps: ${highest} calls/s`);
