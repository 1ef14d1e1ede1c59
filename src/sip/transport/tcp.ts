import { once } from 'node:events';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { MonotonicClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { SendError } from './errors.ts';
import { type Listener, listenError } from './listener.ts';
import { type ConnectionOwner, TcpConnection, type TcpLimits } from './tcp-connection.ts';
import type { Hop } from './transport.ts';

/** How long what was written may take to leave when all is closed. */
const CLOSING_MS = 500;

interface TcpOptions {
  readonly clock: MonotonicClock;
  readonly log: Log;
  readonly limits: TcpLimits;
  /** Takes a whole message, as it was cut out of the stream. */
  readonly onFrame: (data: Buffer, source: Hop) => void;
  /** Called for bytes that became no message. */
  readonly onGarbage: () => void;
}

const keyOf = (address: string, port: number): string => `${address} ${port}`;

/** IPv4 peers of a dual-stack socket appear as `::ffff:192.0.2.1`. */
const plainAddress = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/**
 * The TCP listeners and all connections, found by the address and port of the peer: requests reuse a connection to
 * their hop, made by either side, responses go back over the one that their request came by (RFC 3261 section 18).
 */
export class TcpTransport implements ConnectionOwner {
  readonly #options: TcpOptions;
  readonly #servers: Server[] = [];
  readonly #connections = new Map<string, TcpConnection>();

  constructor(options: TcpOptions) {
    this.#options = options;
  }

  /**
   * @returns the port as bound
   * @throws ListenError when the address cannot be bound
   */
  async listen(listener: Listener): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    try {
      server.listen({ port: listener.port, host: listener.host, ipv6Only: isIPv6(listener.host) });
      await once(server, 'listening');
    } catch (error) {
      throw listenError(listener, error as Error);
    }
    server.on('error', (error) => this.#options.log.warn({ err: error }, 'A TCP listener reported an error'));
    this.#servers.push(server);
    return (server.address() as { port: number }).port;
  }

  /** Whether a message to that peer would go over a connection that stands. */
  reaches(hop: Hop): boolean {
    return this.#connections.get(keyOf(hop.address, hop.port))?.established === true;
  }

  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void {
    const connection = this.#existing(hop) ?? this.#connect(hop);
    if (connection !== undefined) connection.send(data, onError);
    else if (onError !== undefined) process.nextTick(onError, new SendError('Too many connections'));
  }

  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const connection of this.#connections.values()) connection.end();
    const timer = this.#options.clock.setTimer(CLOSING_MS, () => this.#destroyAll());
    await Promise.all(closed);
    timer.cancel();
  }

  receiveFrame(data: Buffer, connection: TcpConnection): void {
    this.#options.onFrame(data, connection.remote);
  }

  abused(connection: TcpConnection, reason: string): void {
    this.#options.log.debug({ peer: connection.remote.address, reason }, 'Closing a connection');
    this.#options.onGarbage();
  }

  closed(connection: TcpConnection): void {
    const key = keyOf(connection.remote.address, connection.remote.port);
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
  }

  #existing(hop: Hop): TcpConnection | undefined {
    const { address, port, reconnectPort = port } = hop;
    return [port, reconnectPort]
      .map((candidate) => this.#connections.get(keyOf(address, candidate)))
      .find((connection) => connection?.usable);
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || this.#isFull()) {
      socket.destroy();
      return;
    }
    this.#keep(socket, { protocol: 'tcp', address: plainAddress(remoteAddress), port: remotePort });
  }

  #connect(hop: Hop): TcpConnection | undefined {
    if (this.#isFull()) return undefined;
    const port = hop.reconnectPort ?? hop.port;
    const socket = connect({ host: hop.address, port });
    return this.#keep(socket, { protocol: 'tcp', address: hop.address, port });
  }

  #isFull(): boolean {
    return this.#connections.size >= this.#options.limits.connections;
  }

  #keep(socket: Socket, remote: Hop): TcpConnection {
    const { clock, limits } = this.#options;
    const connection = new TcpConnection(socket, remote, clock, limits, this);
    this.#connections.set(keyOf(remote.address, remote.port), connection);
    return connection;
  }

  #destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy('Closed');
  }
}
