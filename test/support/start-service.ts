import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface StartedService {
  readonly baseUrl: string;
  /** The SIP listener over UDP. */
  readonly sipPort: number;
  readonly pid: number;
  readonly directory: string;
  /** Every line that the service wrote. */
  readonly output: readonly string[];
  /** Sends a signal and waits for the end of the process; SIGTERM by default. @returns its exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The configuration file's content. */
  readonly settings?: object;
  /** For the runtime, such as --cpu-prof. */
  readonly nodeArguments?: readonly string[];
  /** The words of a command that runs another one in its own place, such as `nsenter -t 1 -m`. */
  readonly within?: readonly string[];
  /** A data directory that outlives the service: for starting it again. */
  readonly directory?: string;
}

const ROOT = new URL('../..', import.meta.url).pathname;
const START_LIMIT_MS = 15_000;

/** What the service says on the terminal, whatever its log level. */
const READY = /^Offhook is ready at (\S+) and .*?sip:[^:]+:(\d+);transport=udp/;

/** Starts the built service as its users do, on free ports, with a directory of its own. */
export const startService = async (options: StartServiceOptions = {}): Promise<StartedService> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'offhook-')));
  const settingsFile = join(directory, 'offhook.json');
  if (options.settings !== undefined) {
    await writeFile(settingsFile, JSON.stringify(options.settings));
  }
  const node = [process.execPath, ...(options.nodeArguments ?? []), 'scripts/offhook.mjs', 'serve'];
  const [program = '', ...words] = [...(options.within ?? []), ...node];
  const child = spawn(program, words, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: '0',
      OFFHOOK_DATABASE_URL: `sqlite:${join(directory, 'offhook.db')}`,
      OFFHOOK_SECRET_FILE: join(directory, 'offhook.key'),
      OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
      ...(options.settings === undefined ? {} : { OFFHOOK_CONFIG: settingsFile }),
      ...options.env,
    },
  });
  const output: string[] = [];
  const ended = once(child, 'exit');
  const ready = new Promise<{ baseUrl: string; sipPort: number }>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`not ready:\n${output.join('\n')}`)), START_LIMIT_MS);
    createInterface({ input: child.stdout }).on('line', (line) => output.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      output.push(line);
      const match = READY.exec(line);
      if (match === null) return;
      clearTimeout(limit);
      resolve({ baseUrl: match[1] ?? '', sipPort: Number(match[2]) });
    });
    void ended.then(() => {
      clearTimeout(limit);
      reject(new Error(`ended before it was ready:\n${output.join('\n')}`));
    });
  });
  const { baseUrl, sipPort } = await ready;
  return {
    baseUrl,
    sipPort,
    pid: child.pid ?? 0,
    directory,
    output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
      return child.exitCode;
    },
  };
};
