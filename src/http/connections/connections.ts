import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import { LimitLog } from '../../shared/limit-log.ts';
import type { Log } from '../../shared/log.ts';
import { OverloadedError } from '../errors.ts';
import { prepareProblem } from '../problem.ts';
import { sendReady } from '../reply.ts';
import { Connection, type ConnectionWatch } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/** As Node ends requests that are too slow. */
const REQUEST_TIMEOUT = Buffer.from('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');

/** How many requests that were sent ahead begin in a turn of the event loop, of all connections: 16 take about a millisecond. */
const AHEAD_A_TURN = 16;

interface Unread {
  readonly since: number;
  /** Of the reply, when it was first seen. */
  readonly bytes: number;
}

/** All connections of the HTTP port, within limits of number and time. What has gone longest without a request goes first. */
export class Connections implements ConnectionWatch {
  readonly #limits: ConnectionLimits;
  readonly #clock: MonotonicClock;
  readonly #limitLogs: Readonly<Record<'connections' | 'requests' | 'bodies' | 'ahead' | 'unread', LimitLog>>;
  readonly #bySocket = new Map<Socket, Connection>();
  /** Those with no request under way, the oldest first. */
  readonly #idle = new Set<Connection>();
  /** Those whose body is awaited, and since when; the oldest first. */
  readonly #receiving = new Map<Connection, number>();
  readonly #unread = new Map<Connection, Unread>();
  readonly #ahead = new Set<Connection>();
  /** Those whose reply lasts: they are not counted as unanswered. */
  readonly #lasting = new Set<Connection>();
  #readable: Connection[] = [];
  #unanswered = 0;
  #look: Timer;

  constructor({ limits, clock, log }: ConnectionsOptions) {
    this.#limits = limits;
    this.#clock = clock;
    const logOf = (limit: string): LimitLog => new LimitLog({ log, clock, port: 'HTTP', limit });
    this.#limitLogs = {
      connections: logOf('connections'),
      requests: logOf('requests'),
      bodies: logOf('bodies'),
      ahead: logOf('pipelining connections'),
      unread: logOf('bytes of unread replies'),
    };
    this.#look = clock.setTimer(limits.lookEveryMs, this.#lookAround);
  }

  /** Takes the connections of a server from now on. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#open(socket));
  }

  /** The application within the limit on requests. @param publicUrl - base of the address that says what a refusal means */
  guard(application: RequestListener, publicUrl: string): RequestListener {
    const refusal = prepareProblem(new OverloadedError(), publicUrl);
    return (request, response) => {
      this.#bySocket.get(request.socket)?.begin(request, response);
      if (this.#hasRoomFor(request.method)) application(request, response);
      else {
        this.#limitLogs.requests.add(request.socket.remoteAddress ?? '');
        sendReady(response, refusal);
      }
    };
  }

  /** Looks no more for what is slow. The connections are left to their server. */
  close(): void {
    this.#look.cancel();
  }

  began(connection: Connection): void {
    this.#unanswered += 1;
    this.#idle.delete(connection);
  }

  answered(connection: Connection): void {
    if (!this.#lasting.delete(connection)) this.#unanswered -= 1;
    if (connection.unanswered === 0) this.#idle.add(connection);
  }

  receiving(connection: Connection, body: 'awaited' | 'whole'): void {
    if (body === 'whole') {
      this.#receiving.delete(connection);
      return;
    }
    this.#receiving.set(connection, this.#clock.elapsed());
    const [oldest] = this.#receiving.keys();
    if (oldest === undefined || this.#receiving.size <= this.#limits.bodies) return;
    this.#limitLogs.bodies.add(oldest.socket.remoteAddress ?? '');
    this.#receiving.delete(oldest);
    oldest.end(REQUEST_TIMEOUT);
  }

  ahead(connection: Connection, bytes: 'held' | 'readable' | 'read'): void {
    if (bytes === 'read') this.#ahead.delete(connection);
    else if (bytes === 'readable') this.#readOn(connection);
    else if (this.#ahead.size < this.#limits.ahead) this.#ahead.add(connection);
    else {
      this.#limitLogs.ahead.add(connection.socket.remoteAddress ?? '');
      connection.end();
    }
  }

  lasts(connection: Connection): void {
    if (connection.unanswered === 0 || this.#lasting.has(connection)) return;
    this.#lasting.add(connection);
    this.#unanswered -= 1;
  }

  closed(connection: Connection): void {
    this.#unanswered -= connection.unanswered - (this.#lasting.delete(connection) ? 1 : 0);
    this.#bySocket.delete(connection.socket);
    this.#idle.delete(connection);
    this.#receiving.delete(connection);
    this.#unread.delete(connection);
    this.#ahead.delete(connection);
  }

  #open(socket: Socket): void {
    if (this.#bySocket.size >= this.#limits.connections) this.#makeRoom(socket);
    const connection = new Connection(socket, this);
    this.#bySocket.set(socket, connection);
    this.#idle.add(connection);
  }

  /** Of those that wait for a request, then for a body, the oldest goes: or the new one, where all are being answered. */
  #makeRoom(newest: Socket): void {
    this.#limitLogs.connections.add(newest.remoteAddress ?? '');
    const [idle] = this.#idle;
    const [receiving] = this.#receiving.keys();
    const oldest = idle ?? receiving;
    if (oldest === undefined) {
      newest.destroy();
      return;
    }
    // Its socket closes in a later turn: it is gone for us at once, so that the next one does not choose it too.
    this.#idle.delete(oldest);
    this.#receiving.delete(oldest);
    oldest.end();
  }

  #hasRoomFor(method: string | undefined): boolean {
    const { requests, reservedForPut } = this.#limits;
    const most = method === 'PUT' ? requests + reservedForPut : requests;
    return this.#unanswered - this.#receiving.size <= most;
  }

  #readOn(connection: Connection): void {
    if (this.#readable.length === 0) setImmediate(this.#readAhead);
    this.#readable.push(connection);
  }

  readonly #readAhead = (): void => {
    const ready = this.#readable;
    this.#readable = ready.slice(AHEAD_A_TURN);
    if (this.#readable.length > 0) setImmediate(this.#readAhead);
    for (const connection of ready.slice(0, AHEAD_A_TURN)) connection.advance();
  };

  readonly #lookAround = (): void => {
    this.#endSlowBodies();
    this.#endUnreadReplies();
    this.#look = this.#clock.setTimer(this.#limits.lookEveryMs, this.#lookAround);
  };

  #endSlowBodies(): void {
    const { bodyMs, bodyBytesPerSecond } = this.#limits;
    const now = this.#clock.elapsed();
    for (const [connection, since] of this.#receiving) {
      const allowedMs = bodyMs + (connection.received * 1000) / bodyBytesPerSecond;
      if (now - since > allowedMs) connection.end(REQUEST_TIMEOUT);
    }
  }

  #endUnreadReplies(): void {
    const { unreadMs, unreadBytesPerSecond, unreadBytes } = this.#limits;
    const now = this.#clock.elapsed();
    let total = 0;
    for (const connection of this.#bySocket.values()) {
      const { writableLength } = connection.socket;
      if (writableLength === 0) {
        if (this.#unread.size > 0) this.#unread.delete(connection);
        continue;
      }
      const unread = this.#unread.get(connection) ?? { since: now, bytes: writableLength };
      this.#unread.set(connection, unread);
      total += writableLength;
      // Of a reply that lasts, the bytes count here and the time with its route.
      if (this.#lasting.has(connection)) continue;
      if (now - unread.since > unreadMs + (unread.bytes * 1000) / unreadBytesPerSecond) connection.end();
    }
    for (const connection of this.#unread.keys()) {
      if (total <= unreadBytes) return;
      total -= connection.socket.writableLength;
      this.#limitLogs.unread.add(connection.socket.remoteAddress ?? '');
      connection.end();
    }
  }
}
