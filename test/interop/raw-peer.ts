import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';

const LIMIT_MS = 2000;

/** A UDP socket that speaks whatever it is told, SIP or not. */
export class RawPeer {
  readonly port: number;
  readonly #socket: Socket;
  readonly #service: number;
  readonly #received: string[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, service: number) {
    this.#socket = socket;
    this.port = socket.address().port;
    this.#service = service;
    socket.on('message', (data) => {
      this.#received.push(data.toString());
      this.#wake();
    });
  }

  /** @param service the port that it sends to */
  static async open(service: number): Promise<RawPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new RawPeer(socket, service);
  }

  send(data: string | Buffer): void {
    this.#socket.send(data, this.#service, '127.0.0.1');
  }

  /** The next message that has come; undefined when none comes in time. */
  async next(limitMs = LIMIT_MS): Promise<string | undefined> {
    const limit = new Promise<void>((resolve) => setTimeout(resolve, limitMs).unref());
    if (this.#received.length === 0) {
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), limit]);
    }
    return this.#received.shift();
  }

  close(): void {
    this.#socket.close();
  }
}

/** Opens a TCP connection, sends, and gives what has come when the peer closes or `limitMs` have passed. */
export const exchangeOverTcp = async (port: number, chunks: readonly string[], limitMs = 500): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (data) => (received += data.toString()));
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const limit = new Promise((resolve) => setTimeout(resolve, limitMs));
  await Promise.race([once(socket, 'close'), limit]);
  socket.destroy();
  return received;
};
