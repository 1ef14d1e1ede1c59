import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type Listener, listenError } from './listener.ts';
import type { Hop } from './transport.ts';

/** Room for the bursts of some thousand calls a second; the system may allow less (net.core.rmem_max). */
const BUFFER_BYTES = 4 * 1024 * 1024;

/** Hops are IP literals: nothing is looked up, so that a send completes within its call. */
const literal = (
  address: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void => done(null, address, address.includes(':') ? 6 : 4);

/** One bound UDP socket. */
export class UdpSocket {
  readonly port: number;
  readonly #socket: Socket;
  readonly #host: string;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    this.port = socket.address().port;
  }

  /**
   * Binds a socket for a listener.
   * @throws ListenError when the address cannot be bound
   */
  static async bind(listener: Listener): Promise<UdpSocket> {
    const ipv6Only = isIPv6(listener.host);
    const socket = createSocket({
      type: ipv6Only ? 'udp6' : 'udp4',
      ipv6Only,
      recvBufferSize: BUFFER_BYTES,
      sendBufferSize: BUFFER_BYTES,
      lookup: literal,
    });
    try {
      // Waited for beforehand: without a look-up the socket listens within the call.
      const listening = once(socket, 'listening');
      socket.bind(listener.port, listener.host);
      await listening;
    } catch (error) {
      socket.close();
      throw listenError(listener, error as Error);
    }
    // Errors of single datagrams are reported to their sender; the socket itself stays usable.
    socket.on('error', () => undefined);
    return new UdpSocket(socket, listener.host);
  }

  /** A wildcard is reached over its loopback. */
  sendToSelf(data: Buffer): void {
    const address = this.#host.replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^::$/, '::1');
    this.send(data, { protocol: 'udp', address, port: this.port });
  }

  /** Must be called in the turn in which `bind` resolved: nothing is lost then. */
  onDatagram(receive: (data: Buffer, source: RemoteInfo) => void): void {
    this.#socket.on('message', receive);
  }

  /** Reports only what the system says at once: no route, message too long. */
  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void {
    try {
      if (onError === undefined) this.#socket.send(data, hop.port, hop.address);
      else this.#socket.send(data, hop.port, hop.address, (error) => (error === null ? undefined : onError(error)));
    } catch (error) {
      // A port that is none, or a socket that was closed.
      if (onError !== undefined) process.nextTick(onError, error);
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
