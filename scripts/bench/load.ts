import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What one connection sends, again and again: each request as bytes, ready for the socket. */
export interface Requests {
  next(): Buffer;
  /** Sees each body, where the next request depends on it. */
  onReply?(body: Buffer): void;
}

export interface Load {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** An HTTP/1.1 request that keeps its connection. */
export const httpRequest = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Buffer => {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`);
};

/** Reads replies with a Content-Length and sends the next request at once: no client library between. */
const drive = (socket: Socket, requests: Requests, endsAt: number): Promise<number[]> =>
  new Promise((resolve, reject) => {
    const latencies: number[] = [];
    let sentAt = 0;
    let received: Buffer = Buffer.alloc(0);
    const send = (): void => {
      sentAt = performance.now();
      if (sentAt >= endsAt) resolve(latencies);
      else socket.write(requests.next());
    };
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const headEnd = received.indexOf(HEAD_END);
      if (headEnd === -1) return;
      const head = received.toString('latin1', 0, headEnd);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
      const bodyStart = headEnd + HEAD_END.length;
      if (!head.startsWith('HTTP/1.1 200') || Number.isNaN(length)) {
        reject(new Error(received.toString()));
        return;
      }
      if (received.length < bodyStart + length) return;
      latencies.push(performance.now() - sentAt);
      requests.onReply?.(received.subarray(bodyStart, bodyStart + length));
      received = Buffer.alloc(0);
      send();
    });
    send();
  });

/** A closed loop: each of the connections has one request under way. @throws on a reply other than 200 */
export const applyLoad = async (port: number, connections: readonly Requests[], durationMs: number): Promise<Load> => {
  const sockets = connections.map(() => connect({ port, host: '127.0.0.1', noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const begin = performance.now();
  try {
    const latenciesMs = await Promise.all(
      sockets.map((socket, index) => drive(socket, connections[index]!, begin + durationMs)),
    );
    const all = latenciesMs.flat();
    return { perSecond: (all.length * 1000) / (performance.now() - begin), latenciesMs: all };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
};
