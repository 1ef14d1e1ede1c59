import { connect, type Socket } from 'node:net';
import type { FloodFigures, StopFlood } from './udp-flood.ts';

export interface ConnectionFloodOptions {
  readonly connections?: number;
  /** Loopback addresses that they come from. */
  readonly addresses?: number;
}

const TICK_MS = 10;
const PER_TICK = 20;

const optionsText = (count: number): string =>
  [
    'OPTIONS sip:100@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK-flood-${count}`,
    'Max-Forwards: 70',
    `From: <sip:scanner@127.0.0.1>;tag=f${count}`,
    'To: <sip:100@127.0.0.1>',
    `Call-ID: flood-${count}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');

/** Connections over TCP that send one OPTIONS each and then stay; one that is closed is made again. */
export const start = (
  port: number,
  { connections = 10_000, addresses = 4 }: ConnectionFloodOptions = {},
): StopFlood => {
  const figures = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 };
  const open = new Set<Socket>();
  const openOne = (): void => {
    const count = figures.sent;
    figures.sent += 1;
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${(count % addresses) + 1}` });
    open.add(socket);
    const text = optionsText(count);
    socket.once('connect', () => {
      figures.sentBytes += text.length;
      socket.write(text);
    });
    socket.on('data', (data) => {
      figures.received += 1;
      figures.receivedBytes += data.length;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const timer = setInterval(() => {
    for (let count = 0; count < PER_TICK && open.size < connections; count += 1) openOne();
  }, TICK_MS);
  return (): Promise<FloodFigures> => {
    clearInterval(timer);
    const closed = [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of open) socket.destroy();
    return Promise.all(closed).then(() => figures);
  };
};
