import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SippOptions {
  /** The text of a scenario file. */
  readonly scenario: string;
  /** A free one by default. */
  readonly port?: number;
  /** Where it hears RTP; a free one by default. */
  readonly mediaPort?: number;
  readonly transport?: 'udp' | 'tcp';
  /** Further arguments of the command line. */
  readonly extra?: readonly string[];
}

export interface SippReport {
  /** 0: the call went as the scenario says. */
  readonly exitCode: number | null;
  /** What was unexpected, with the messages. */
  readonly errors: string;
  /** Every message, as it went over the wire. */
  readonly messages: readonly SippMessage[];
}

export interface SippMessage {
  readonly direction: 'received' | 'sent';
  readonly text: string;
}

export interface Sipp {
  readonly port: number;
  /** Resolves when its call is done, or `limitMs` have passed; then it is killed and the exit code is null. */
  finished(limitMs?: number): Promise<SippReport>;
  kill(): Promise<void>;
}

/** A UDP port of 127.0.0.1 that nobody has at the moment. */
export const freePort = async (): Promise<number> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
};

/** Starts sipp as a user agent that waits for one call. */
export const startSipp = async ({
  scenario,
  transport = 'udp',
  extra = [],
  ...options
}: SippOptions): Promise<Sipp> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-sipp-'));
  await writeFile(join(directory, 'scenario.xml'), scenario);
  const [port, mediaPort] = [options.port ?? (await freePort()), options.mediaPort ?? (await freePort())];
  const child = spawn(
    'sipp',
    [
      ...['-sf', 'scenario.xml', '-i', '127.0.0.1', '-p', String(port), '-mp', String(mediaPort)],
      ...['-t', transport === 'udp' ? 'u1' : 't1', '-m', '1', '-nostdin', '-timeout', '90s', '-timeout_error'],
      ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log', ...extra],
    ],
    { cwd: directory, stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  const read = async (name: string): Promise<string> =>
    (await readdir(directory)).includes(name) ? readFile(join(directory, name), 'utf8') : '';
  const finished = async (limitMs = 30_000): Promise<SippReport> => {
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    await exited;
    clearTimeout(limit);
    const [errors, messages] = [await read('errors.log'), readMessages(await read('messages.log'))];
    await rm(directory, { recursive: true, force: true });
    return { exitCode: child.exitCode, errors, messages };
  };
  await listening(port, () => child.exitCode !== null);
  return {
    port,
    finished,
    kill: async () => {
      if (child.exitCode === null) child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** The trace has a line of dashes with the time before each message, then one that says its direction and size. */
const readMessages = (trace: string): SippMessage[] =>
  trace.split(/^-{20,}.*$/m).flatMap((entry) => {
    const match = /message (received|sent) .*?:\s*\n\s*\n([\s\S]*)$/.exec(entry);
    return match === null
      ? []
      : [{ direction: match[1] as SippMessage['direction'], text: (match[2] ?? '').trimEnd() }];
  });

/** Whether somebody has the port: read from the kernel's table, so that no packet is sent. */
const listening = async (port: number, hasEnded: () => boolean): Promise<void> => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (let tries = 0; tries < 200 && !hasEnded(); tries += 1) {
    const tables = await Promise.all(['/proc/net/udp', '/proc/net/tcp'].map((file) => readFile(file, 'utf8')));
    if (tables.some((table) => table.includes(wanted))) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`sipp does not listen on ${port}`);
};
