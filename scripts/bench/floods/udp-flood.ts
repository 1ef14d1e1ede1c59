import { createSocket, type Socket } from 'node:dgram';

/** What a flood did, told when it is stopped. */
export interface FloodFigures {
  readonly sent: number;
  readonly sentBytes: number;
  readonly received: number;
  readonly receivedBytes: number;
}

/** Stops a flood; resolves when nothing of it is left open. */
export type StopFlood = () => Promise<FloodFigures>;

export interface FloodOptions {
  readonly perSecond?: number;
  /** Loopback addresses that it comes from: 127.0.0.1 and the next ones, half of it from the first. */
  readonly addresses?: number;
}

/** One sender: an address and port, and what it was told last. */
export interface FloodSource {
  readonly address: string;
  readonly port: number;
  latest: string;
}

const TICK_MS = 4;
const SETTLE_MS = 200;
const BUFFER_BYTES = 4 * 1024 * 1024;

const openSource = (address: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });

/** Sends what `message` makes, at that rate, to a port of 127.0.0.1, until it is stopped. */
export const startUdpFlood = (
  port: number,
  message: (count: number, source: FloodSource) => Buffer,
  { perSecond = 4000, addresses = 32 }: FloodOptions = {},
): StopFlood => {
  const figures = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 };
  const hosts = Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 1}`);
  const opening = Promise.all(hosts.map(openSource));
  let timer: NodeJS.Timeout | undefined;
  const begun = opening.then((sockets) => {
    const sources = sockets.map((socket, index): FloodSource => {
      const source = { address: hosts[index] ?? '', port: socket.address().port, latest: '' };
      socket.on('message', (data) => {
        figures.received += 1;
        figures.receivedBytes += data.length;
        source.latest = data.toString('latin1');
      });
      return source;
    });
    const begin = performance.now();
    timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begin) / 1000) * perSecond);
      for (; figures.sent < due; figures.sent += 1) {
        const index = figures.sent % 2 === 0 ? 0 : (figures.sent >> 1) % sockets.length;
        const data = message(figures.sent, sources[index]!);
        figures.sentBytes += data.length;
        sockets[index]?.send(data, port, '127.0.0.1');
      }
    }, TICK_MS);
  });
  return async () => {
    await begun;
    clearInterval(timer);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    for (const socket of await opening) socket.close();
    return figures;
  };
};

/** A request of a stranger, each one new. */
export const strangersRequest = (
  method: string,
  count: number,
  { address, port }: FloodSource,
  more: readonly string[] = [],
  body = '',
): Buffer =>
  Buffer.from(
    [
      `${method} sip:100@127.0.0.1 SIP/2.0`,
      `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK-flood-${port}-${count};rport`,
      'Max-Forwards: 70',
      `From: <sip:scanner@${address}>;tag=f${count}`,
      'To: <sip:100@127.0.0.1>',
      `Call-ID: flood-${port}-${count}@${address}`,
      `CSeq: 1 ${method}`,
      `Contact: <sip:scanner@${address}:${port}>`,
      'User-Agent: friendly-scanner',
      ...more,
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
