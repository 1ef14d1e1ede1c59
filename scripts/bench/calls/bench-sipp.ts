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
  readonly scenario: 'phone' | 'carrier';
  readonly transport?: 'udp' | 'tcp';
}

/** How often the statistics are written, as `-fd` has it. */
const WRITTEN_EVERY_MS = 1000;
const START_LIMIT_MS = 10_000;

const NONE: SippStatistics = { successful: 0, failed: 0, ongoing: 0, retransmissions: 0 };

/** A peer that takes every call: sipp, with one of the scenarios beside the benches. */
export class BenchSipp {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');
  /** Where the next arrival stands in the log. */
  #logged = 0;

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
        ...['-trace_stat', '-fd', '1', '-stf', 'statistics.csv', '-trace_logs', '-log_file', 'arrivals.log'],
        ...['-trace_err', '-error_file', 'errors.log'],
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

  /** Waits until so many more calls are over than `since`: sipp counts a call some seconds after its BYE. */
  async ended(count: number, since: SippStatistics, limitMs: number): Promise<SippStatistics> {
    const limit = performance.now() + limitMs;
    for (;;) {
      const now = await this.statistics();
      if (now.successful + now.failed - since.successful - since.failed >= count) return now;
      if (performance.now() > limit) return now;
      await pause(WRITTEN_EVERY_MS / 4);
    }
  }

  /** What came since it was asked last, in milliseconds since the epoch, by number. */
  async arrivals(): Promise<Map<string, number>> {
    const arrivals = new Map<string, number>();
    const path = join(this.#directory, 'arrivals.log');
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size <= this.#logged) return arrivals;
    const file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(size - this.#logged), 0, size - this.#logged, this.#logged);
    await file.close();
    const whole = buffer.lastIndexOf('\n') + 1;
    this.#logged += whole;
    for (const [, at, number] of buffer.toString('latin1', 0, whole).matchAll(/(\d{10}\.\d+)\s+(\+\d+)/g)) {
      if (number !== undefined && !arrivals.has(number)) arrivals.set(number, Number(at) * 1000);
    }
    return arrivals;
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
