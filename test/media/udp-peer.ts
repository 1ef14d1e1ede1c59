import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import { parseRtpPacket } from '../../src/media/rtp-packet.ts';

const PATIENCE_MS = 5000;

/** A phone's end of the media: a real socket that keeps what arrives. */
export class UdpPeer {
  readonly datagrams: Buffer[] = [];
  readonly to: { readonly address: string; readonly port: number };
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.to = { address: '127.0.0.1', port: socket.address().port };
    socket.on('message', (datagram) => this.datagrams.push(datagram));
  }

  static async open(): Promise<UdpPeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  send(bytes: Uint8Array, port: number): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#socket.send(bytes, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
  }

  /** Waits for so many packets and takes them out. */
  async take(count: number): Promise<RtpPacket[]> {
    await until(() => this.datagrams.length >= count);
    return this.datagrams.splice(0, count).map((datagram) => parseRtpPacket(datagram)!);
  }

  /** How many datagrams are there once everything that was sent before on loopback has come. */
  async settled(): Promise<number> {
    const mark = Buffer.from('mark');
    await this.send(mark, this.to.port);
    await until(() => this.datagrams.some((datagram) => datagram.equals(mark)));
    const index = this.datagrams.findIndex((datagram) => datagram.equals(mark));
    this.datagrams.splice(index, 1);
    return this.datagrams.length;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/** Waits for what the network does in its own time; never longer than five seconds. */
export const until = async (isDone: () => boolean): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
