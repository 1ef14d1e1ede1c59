import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../../test/support/sipp.ts';
import { cpuMs } from '../figures.ts';

export interface SippStatistics {
  readonly successful: number;
  readonly failed: number;
  readonly ongoing: number;
  readonly retransmissions: number;
}

export interface BenchSippOptions {
  readonly scenario: 'phone' | 'carrier' | 'bridged';
  readonly transport?: 'udp' | 'tcp';
}

/** What a peer noted of one call, in milliseconds since the epoch. */
export interface NotedCall {
  readonly invitedAt: number;
  endedAt: number | undefined;
}

/** A little more than `-fd` says. */
const WRITTEN_EVERY_MS = 1100;
const LOOK_EVERY_MS = 250;
/** A date, a time, seconds since the epoch, a number, and whether it is over. */
const LINE = /(\d{10}\.\d+)\s+(\+\d+)( ended)?/g;
const START_LIMIT_MS = 10_000;

const NONE: SippStatistics = { successful: 0, failed: 0, ongoing: 0, retransmissions: 0 };

/** A peer that takes every call: sipp, with one of the scenarios beside the benches. */
export class BenchSipp {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');
  /** How much of the log has been read. */
  #logged = 0;
  #calls = new Map<string, NotedCall>();

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.port = port;
    this.#child = child;
    this.#directory = directory;
    process.once('exit', this.#kill);
  }

  /** @throws Error when sipp has written no statistics within ten seconds */
  static async start({ scenario, transport = 'udp' }: BenchSippOptions): Promise<BenchSipp> {
    const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
    const [port, mediaPort] = [await freePort(), await freePort()];
    const child = spawn(
      'sipp',
      [
        ...['-sf', new URL(`../${scenario}.xml`, import.meta.url).pathname, '-i', '127.0.0.1', '-p', String(port)],
        ...['-mp', String(mediaPort), '-t', transport === 'udp' ? 'u1' : 't1', '-buff_size', '4194304', '-nostdin'],
        ...['-trace_stat', '-fd', '1', '-stf', 'statistics.csv', '-trace_logs', '-log_file', 'calls.log'],
        // A late ACK of what was sent again is no reason to end a call.
        ...['-default_behaviors', 'all,-abortunexp', '-trace_err', '-error_file', 'errors.log'],
      ],
      { cwd: directory, stdio: 'ignore' },
    );
    const sipp = new BenchSipp(port, child, directory);
    const limit = performance.now() + START_LIMIT_MS;
    while ((await sipp.statistics()) === NONE) {
      if (performance.now() > limit) throw new Error(`sipp does not start: ${await sipp.errors()}`);
      await pause(50);
    }
    return sipp;
  }

  get cpuMs(): number {
    return cpuMs(this.#child.pid ?? 0);
  }

  /** As they were written last, a second ago at the most. */
  async statistics(): Promise<SippStatistics> {
    const text = await readFile(join(this.#directory, 'statistics.csv'), 'utf8').catch(() => '');
    const lines = text.trim().split('\n');
    if (lines.length < 2) return NONE;
    const names = (lines[0] ?? '').split(';');
    const values = (lines.at(-1) ?? '').split(';');
    const of = (name: string): number => Number(values[names.indexOf(name)]);
    return {
      successful: of('SuccessfulCall(C)'),
      failed: of('FailedCall(C)'),
      ongoing: of('CurrentCall'),
      retransmissions: of('Retransmissions(C)'),
    };
  }

  /** Forgets the calls that it has noted. */
  async forget(): Promise<void> {
    await this.#readLog();
    this.#calls = new Map();
  }

  /** What it noted of calls since it forgot, by number. */
  async calls(): Promise<ReadonlyMap<string, NotedCall>> {
    await this.#readLog();
    return this.#calls;
  }

  /** Waits until so many calls have had their BYE since it forgot, and the statistics tell of them. */
  async ended(count: number, limitMs: number): Promise<void> {
    const limit = performance.now() + limitMs;
    while (this.#ended < count && performance.now() < limit) {
      await pause(LOOK_EVERY_MS);
      await this.#readLog();
    }
    await pause(WRITTEN_EVERY_MS);
  }

  get #ended(): number {
    let count = 0;
    for (const { endedAt } of this.#calls.values()) if (endedAt !== undefined) count += 1;
    return count;
  }

  async #readLog(): Promise<void> {
    const path = join(this.#directory, 'calls.log');
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size <= this.#logged) return;
    const file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(size - this.#logged), 0, size - this.#logged, this.#logged);
    await file.close();
    const whole = buffer.lastIndexOf('\n') + 1;
    this.#logged += whole;
    for (const [, seconds, number = '', ended] of buffer.toString('latin1', 0, whole).matchAll(LINE)) {
      const at = Number(seconds) * 1000;
      const call = this.#calls.get(number);
      if (call === undefined) this.#calls.set(number, { invitedAt: at, endedAt: undefined });
      else if (ended !== undefined) call.endedAt ??= at;
    }
  }

  /** What it found unexpected first. */
  async errors(): Promise<string> {
    const text = await readFile(join(this.#directory, 'errors.log'), 'utf8').catch(() => '');
    return text.split('\n').slice(0, 25).join('\n');
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill);
    this.#kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    await rm(this.#directory, { recursive: true, force: true });
  }
}
