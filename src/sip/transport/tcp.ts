import { once } from 'node:events';
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { MonotonicClock } from '../../shared/clock.ts';
import { LimitLog } from '../../shared/limit-log.ts';
import type { Log } from '../../shared/log.ts';
import { type ConnectionLimit, ConnectionTable, shareConnections } from './connection-table.ts';
import { SendError } from './errors.ts';
import { type Listener, listenError } from './listener.ts';
import type { Screen } from './screen.ts';
import { type ConnectionOwner, TcpConnection, type TcpLimits } from './tcp-connection.ts';
import type { Hop } from './transport.ts';

/** How long what was written may take to leave when all is closed. */
const CLOSING_MS = 500;

interface TcpOptions {
  readonly clock: MonotonicClock;
  readonly log: Log;
  readonly limits: TcpLimits;
  /** Files that this process may have open. */
  readonly openFiles: number;
  /** Takes a whole message, as it was cut out of the stream. */
  readonly onFrame: (data: Buffer, source: Hop) => void;
  /** Bounds what strangers make us do. */
  readonly screen: Pick<Screen, 'admitsConnection' | 'hasRoomFor'>;
  /** Called for bytes that became no message. */
  readonly onGarbage: () => void;
}

/** HTTP, the database and all else need the other half. */
const SHARE_OF_FILES = 0.5;

/** IPv4 peers of a dual-stack socket appear as `::ffff:192.0.2.1`. */
const plainAddress = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/**
 * The TCP listeners and all connections, found by the address and port of the peer: requests reuse a connection to
 * their hop, made by either side, responses go back over the one that their request came by (RFC 3261 section 18).
 */
export class TcpTransport implements ConnectionOwner {
  readonly #options: TcpOptions;
  readonly #servers: Server[] = [];
  readonly #connections: ConnectionTable;
  readonly #logs = new Map<ConnectionLimit, LimitLog>();

  constructor(options: TcpOptions) {
    this.#options = options;
    const { connections, strangersOfAddress } = options.limits;
    const all = Math.max(4, Math.min(connections, Math.floor(options.openFiles * SHARE_OF_FILES)));
    this.#connections = new ConnectionTable(shareConnections(all, strangersOfAddress));
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
    return this.#connections.get(hop.address, hop.port)?.established === true;
  }

  /** The peer of that connection is no stranger. */
  know(hop: Hop): void {
    const connection = this.#existing(hop);
    if (connection !== undefined) this.#connections.know(connection);
  }

  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void {
    const connection = this.#existing(hop) ?? this.#connect(hop);
    if (connection !== undefined) {
      // Nothing is kept of what strangers send: their order is that in which they were heard.
      if (connection.standing !== 'stranger') this.#connections.use(connection);
      connection.send(data, onError);
    } else if (onError !== undefined) process.nextTick(onError, new SendError('Too many connections'));
  }

  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const connection of this.#connections.values()) connection.end();
    const timer = this.#options.clock.setTimer(CLOSING_MS, () => this.#destroyAll());
    await Promise.all(closed);
    timer.cancel();
  }

  receiveFrame(data: Buffer, connection: TcpConnection): boolean {
    const { remote } = connection;
    this.#connections.use(connection);
    this.#options.onFrame(data, remote);
    return connection.standing === 'stranger' && !this.#options.screen.hasRoomFor(remote.address);
  }

  abused(connection: TcpConnection, reason: string): void {
    this.#options.log.debug({ peer: connection.remote.address, reason }, 'Closing a connection');
    this.#options.onGarbage();
  }

  closed(connection: TcpConnection): void {
    this.#connections.remove(connection);
  }

  #existing(hop: Hop): TcpConnection | undefined {
    const { address, port, reconnectPort = port } = hop;
    return [port, reconnectPort]
      .map((candidate) => this.#connections.get(address, candidate))
      .find((connection) => connection?.usable);
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    const address = plainAddress(remoteAddress ?? '');
    // The rate comes first, so that no stranger pushes the connections of other strangers out as fast as it likes.
    const isTaken = remotePort !== undefined && this.#options.screen.admitsConnection(address);
    if (!isTaken || !this.#makeRoomFor(address)) {
      socket.destroy();
      return;
    }
    this.#keep(socket, { protocol: 'tcp', address, port: remotePort });
  }

  /** The oldest idle stranger gives way; only where there is none is the new one refused. */
  #makeRoomFor(address: string): boolean {
    const full = this.#connections.fullFor(address);
    if (full === undefined) return true;
    this.#logOf(full.limit).add(address);
    return this.#close(full.yields);
  }

  #close(connection: TcpConnection | undefined): boolean {
    if (connection === undefined) return false;
    // At once: the descriptor is needed.
    this.#connections.remove(connection);
    connection.destroy('Others need the room');
    return true;
  }

  #logOf(limit: ConnectionLimit): LimitLog {
    const known = this.#logs.get(limit);
    if (known !== undefined) return known;
    const { log, clock } = this.#options;
    const opened = new LimitLog({ log, clock, port: 'SIP', limit });
    this.#logs.set(limit, opened);
    return opened;
  }

  #connect(hop: Hop): TcpConnection | undefined {
    const full = this.#connections.fullForOwn();
    if (full !== undefined && !this.#close(full.yields)) {
      this.#logOf('connections').add(hop.address);
      return undefined;
    }
    const port = hop.reconnectPort ?? hop.port;
    const socket = connect({ host: hop.address, port });
    return this.#keep(socket, { protocol: 'tcp', address: hop.address, port });
  }

  #keep(socket: Socket, remote: Hop): TcpConnection {
    const { clock, limits } = this.#options;
    const connection = new TcpConnection(socket, remote, clock, limits, this);
    this.#connections.add(connection);
    return connection;
  }

  #destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy('Closed');
  }
}
