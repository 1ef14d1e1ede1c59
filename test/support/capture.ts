import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** An RTP packet on the wire. */
export interface RtpPacket {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly payloadType: number;
}

export interface Capture {
  /** Ends the capture. @returns the RTP packets, RTCP left out */
  stop(): Promise<readonly RtpPacket[]>;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const START_LIMIT_MS = 10_000;

/** Captures UDP on the loopback interface, on exactly these ports, and reads it with tshark. */
export const startCapture = async (ranges: readonly PortRange[]): Promise<Capture> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-capture-'));
  const file = join(directory, 'capture.pcapng');
  const filter = ranges.map(({ from, to }) => `udp portrange ${from}-${to}`).join(' or ');
  const child = spawn('dumpcap', ['-i', 'lo', '-f', filter, '-w', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  await begun(child.stderr);
  return {
    stop: async () => {
      child.kill('SIGINT');
      await exited;
      const packets = await readRtp(file, ranges);
      await rm(directory, { recursive: true, force: true });
      return packets;
    },
  };
};

/** dumpcap names its file once it captures. */
const begun = (stderr: NodeJS.ReadableStream): Promise<void> =>
  new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error('dumpcap does not capture')), START_LIMIT_MS);
    createInterface({ input: stderr }).on('line', (line) => {
      if (!line.startsWith('File:')) return;
      clearTimeout(limit);
      resolve();
    });
  });

const FIELDS = ['frame.time_epoch', 'udp.srcport', 'udp.dstport', 'rtp.p_type'];

const readRtp = async (file: string, ranges: readonly PortRange[]): Promise<RtpPacket[]> => {
  const { stdout } = await promisify(execFile)(
    'tshark',
    [
      ...['-r', file, '-Y', 'rtp && !rtcp', '-T', 'fields', ...FIELDS.flatMap((field) => ['-e', field])],
      ...ranges.flatMap(({ from, to }) => ['-d', `udp.port==${from}-${to},rtp`]),
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(Number))
    .map(([seconds = 0, from = 0, to = 0, payloadType = 0]) => ({ at: seconds * 1000, from, to, payloadType }));
};
