import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs, percentile } from '../figures.ts';
import { type Peer, startPeer } from '../subjects.ts';
import { ConnectionPool } from './connection-pool.ts';
import { secondsPerRate } from './options.ts';
import { Table } from './table.ts';

const WARM_UP_SECONDS = 2;
/** For the last answers to come. */
const LAST_ANSWERS_MS = 500;
/** About as long as an INVITE with its SDP. */
const DATAGRAM_BYTES = 900;
const BUFFER_BYTES = 4 * 1024 * 1024;
const CONNECTIONS = 64;
const FORM = `number=%2B12025550100&filler=${'x'.repeat(100)}`;
const POST = `POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${FORM.length}\r\n\r\n${FORM}`;
const ANSWER = { call: {}, list: {}, token: { filler: 'x'.repeat(700) } };

interface Sent {
  readonly at: number;
  readonly answered: (ms: number) => void;
}

interface Subject {
  readonly name: string;
  readonly peer: Peer;
  readonly perSecond: readonly number[];
  /** Sends one, and tells how long its answer took. */
  readonly send: (answered: (ms: number) => void) => void;
  readonly close: () => Promise<void>;
}

/** Each when it is due, whatever came back. */
const sendEvenly = async (rate: number, seconds: number, send: () => void): Promise<void> => {
  const begin = performance.now();
  const count = rate * seconds;
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, ((performance.now() - begin) / 1000) * rate);
    for (; sent < due; sent += 1) send();
    await pause(1);
  }
};

const openEcho = async (): Promise<Subject> => {
  const peer = await startPeer('bare-udp-echo.ts');
  const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
  socket.connect(peer.port, '127.0.0.1');
  await once(socket, 'connect');
  const waiting = new Map<number, Sent>();
  let next = 0;
  socket.on('message', (datagram) => {
    const sent = waiting.get(datagram.readUInt32BE());
    sent?.answered(performance.now() - sent.at);
  });
  return {
    name: 'UDP echo',
    peer,
    perSecond: [1000, 10_000],
    send: (answered) => {
      const datagram = Buffer.alloc(DATAGRAM_BYTES);
      datagram.writeUInt32BE((next += 1));
      waiting.set(next, { at: performance.now(), answered });
      socket.send(datagram);
    },
    close: async () => {
      socket.close();
      await peer.stop();
    },
  };
};

const openExpress = async (): Promise<Subject> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  await writeFile(join(directory, 'samples.json'), JSON.stringify(ANSWER));
  const peer = await startPeer('bare-express.ts', join(directory, 'samples.json'));
  const pool = new ConnectionPool(peer.port, CONNECTIONS);
  await pool.open();
  return {
    name: 'Express route, POST',
    peer,
    perSecond: [75, 600],
    send: (answered) => {
      const at = performance.now();
      const replied = (now: number): void => answered(now - at);
      pool.send({ request: POST, sent: () => undefined, replied });
    },
    close: async () => {
      pool.close();
      await peer.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

const ignore = (): void => undefined;

const measure = async (table: Table, { name, peer, perSecond, send }: Subject): Promise<void> => {
  for (const rate of perSecond) {
    await sendEvenly(rate, WARM_UP_SECONDS, () => send(ignore));
    const before = cpuMs(peer.pid);
    const times: number[] = [];
    await sendEvenly(rate, secondsPerRate, () => send((ms) => void times.push(ms)));
    await pause(LAST_ANSWERS_MS);
    const perMessage = ((cpuMs(peer.pid) - before) * 1000) / times.length;
    const share = (of: number): string => percentile(times, of).toFixed(2);
    table.row([name, rate, rate * secondsPerRate, times.length, perMessage.toFixed(1), share(0.5), share(0.99)]);
  }
};

/** What the machine takes for a bare Node that answers and does nothing, so that another machine can compare. */
export const measureFloor = async (): Promise<void> => {
  console.log(`\nfloor: each for ${secondsPerRate} s, Node ${process.version}`);
  const table = new Table([' '.repeat(20), 'a second', 'sent', 'answered', 'CPU microseconds each', 'p50 ms', 'p99']);
  for (const open of [openEcho, openExpress]) {
    const subject = await open();
    try {
      await measure(table, subject);
    } finally {
      await subject.close();
    }
  }
};
