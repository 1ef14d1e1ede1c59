import type { Socket } from 'node:net';
import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import { type Frame, StreamFramer } from '../message/stream-framer.ts';
import { SendError } from './errors.ts';
import type { Hop } from './transport.ts';

/**
 * A stranger's was accepted, and nothing came of it. One is `known` once a phone registered over it, we sent a request or took a
 * call over it, or it brought a request of a dialog of ours. An `own` one was made by us.
 */
export type Standing = 'stranger' | 'known' | 'own';

export interface TcpLimits {
  /** Connections at a time, in both directions; fewer where the process may not have twice as many files open. */
  readonly connections: number;
  /** Of strangers with the same address, see `networkOf`. */
  readonly strangersOfAddress: number;
  /** How long a connection may take to be made. */
  readonly connectMs: number;
  /** How long a message may take from its first byte to its last, and a new peer until its first message. */
  readonly messageMs: number;
  /** How long nothing may be heard of a peer that is no stranger. */
  readonly idleMs: number;
  /** How long nothing may be heard of a stranger. */
  readonly strangerIdleMs: number;
  /** Bytes that may wait for a peer that does not read. */
  readonly backlogBytes: number;
}

export const defaultTcpLimits: TcpLimits = {
  connections: 10_000,
  strangersOfAddress: 500,
  connectMs: 10_000,
  messageMs: 32_000,
  idleMs: 3_600_000,
  strangerIdleMs: 60_000,
  backlogBytes: 1_048_576,
};

/** How many senders may wait for word of a connection, in order; the oldest is let go. */
const MAX_UNCONFIRMED = 100;

/** How long nothing more is read of a stranger that sent too much. */
const PAUSE_MS = 1000;
/** As long as a transaction lasts, an answer may come. */
const QUIET_MS = 32_000;

const PONG = Buffer.from('\r\n');

/** What runs the connections. */
export interface ConnectionOwner {
  /** @returns whether the peer has sent too much, so that no more is read of it for a while */
  receiveFrame(data: Buffer, connection: TcpConnection): boolean;
  /** The peer sent what cannot be cut into messages, or too slowly: the connection is being closed. */
  abused(connection: TcpConnection, reason: string): void;
  closed(connection: TcpConnection): void;
}

/** One TCP connection, made by either side. */
export class TcpConnection {
  readonly remote: Hop;
  standing: Standing;
  readonly #socket: Socket;
  readonly #clock: MonotonicClock;
  readonly #limits: TcpLimits;
  readonly #owner: ConnectionOwner;
  readonly #framer = new StreamFramer();
  /** Called when the connection breaks: a peer that was silent since may never have read what was written. */
  #unconfirmed: ((error: Error) => void)[] = [];
  #failure: Error | undefined;
  #deadline: Timer | undefined;
  #pause: Timer | undefined;
  #idle: Timer;
  #heardAt: number;
  #sentAt = -QUIET_MS;

  constructor(socket: Socket, remote: Hop, clock: MonotonicClock, limits: TcpLimits, owner: ConnectionOwner) {
    this.remote = remote;
    this.standing = socket.connecting ? 'own' : 'stranger';
    this.#socket = socket;
    this.#clock = clock;
    this.#limits = limits;
    this.#owner = owner;
    this.#heardAt = clock.elapsed();
    this.#idle = clock.setTimer(this.#idleMs, () => this.#checkIdle());
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => (this.#failure = error));
    socket.on('close', () => this.#closed());
    if (socket.connecting) this.#awaitConnection();
    else this.#expectMessage();
  }

  /** Whether the peer has been reached. */
  get established(): boolean {
    return this.usable && !this.#socket.connecting;
  }

  /** False from the moment that either side has begun to close. */
  get usable(): boolean {
    return this.#socket.writable;
  }

  /** Whether neither side has sent anything for so long that no answer is waited for. */
  get isQuiet(): boolean {
    return Math.max(this.#heardAt, this.#sentAt) + QUIET_MS <= this.#clock.elapsed();
  }

  send(data: Buffer, onError?: (error: Error) => void): void {
    if (onError !== undefined) this.#remember(onError);
    this.#sentAt = this.#clock.elapsed();
    this.#socket.write(data);
    if (this.#socket.writableLength > this.#limits.backlogBytes) this.destroy('The peer does not read');
  }

  /** Lets what was written leave, then closes. */
  end(): void {
    this.#socket.destroySoon();
  }

  destroy(reason: string): void {
    this.#socket.destroy(new SendError(reason));
  }

  #remember(onError: (error: Error) => void): void {
    this.#unconfirmed.push(onError);
    if (this.#unconfirmed.length > MAX_UNCONFIRMED) this.#unconfirmed.shift();
  }

  #read(chunk: Buffer): void {
    this.#heardAt = this.#clock.elapsed();
    this.#unconfirmed = [];
    for (const frame of this.#framer.push(chunk)) this.#take(frame);
    if (!this.#framer.isBetweenMessages) this.#expectMessage();
  }

  #take(frame: Frame): void {
    if (frame.kind === 'ping') {
      this.send(PONG);
    } else if (frame.kind === 'message') {
      this.#stopDeadline();
      if (this.#owner.receiveFrame(frame.data, this)) this.#rest();
    } else {
      this.#abuse(frame.error.reason);
    }
  }

  get #idleMs(): number {
    return this.standing === 'stranger' ? this.#limits.strangerIdleMs : this.#limits.idleMs;
  }

  /** What the peer sends on waits on its side. */
  #rest(): void {
    if (this.#pause !== undefined) return;
    this.#socket.pause();
    this.#pause = this.#clock.setTimer(PAUSE_MS, () => {
      this.#pause = undefined;
      this.#socket.resume();
    });
  }

  /** Neither dripping bytes nor pings put the end off (slow loris). */
  #expectMessage(): void {
    this.#deadline ??= this.#clock.setTimer(this.#limits.messageMs, () => this.#abuse('A message took too long'));
  }

  #awaitConnection(): void {
    this.#deadline = this.#clock.setTimer(this.#limits.connectMs, () => this.destroy('The peer cannot be reached'));
    this.#socket.once('connect', () => this.#stopDeadline());
  }

  #stopDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  #abuse(reason: string): void {
    this.#owner.abused(this, reason);
    this.destroy(reason);
  }

  #checkIdle(): void {
    const restMs = this.#heardAt + this.#idleMs - this.#clock.elapsed();
    if (restMs <= 0) this.destroy('Idle for too long');
    else this.#idle = this.#clock.setTimer(restMs, () => this.#checkIdle());
  }

  #closed(): void {
    this.#stopDeadline();
    this.#idle.cancel();
    this.#pause?.cancel();
    const error = this.#failure ?? new SendError('The connection was closed');
    const waiting = this.#unconfirmed;
    this.#unconfirmed = [];
    this.#owner.closed(this);
    for (const onError of waiting) onError(error);
  }
}
