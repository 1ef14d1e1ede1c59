import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Reply, ReplyReader } from './reply.ts';

/** A request and who hears of it. */
export interface Exchange {
  /** Whole, with a Content-Length. */
  readonly request: string;
  /** The request has been given to an open connection. */
  sent(at: number): void;
  /** The last; undefined: the connection ended before a reply was whole. */
  replied(at: number, reply: Reply | undefined): void;
}

/** What Node's own server keeps by default; each reply says how long it is. */
const USUAL_KEEP_ALIVE_MS = 5000;
/** A request that crosses the end of its connection is lost: it is given up a little before. */
const MARGIN_MS = 1000;

/** Read by all connections in turn: each has used its bytes up before the next one is read. */
const received = Buffer.alloc(64 * 1024);

/** One HTTP/1.1 connection that has one request under way, is kept, and is opened again where it has ended. */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #reader = new ReplyReader();
  #exchange: Exchange | undefined;
  #usedAt = 0;
  #keepAliveMs = USUAL_KEEP_ALIVE_MS;
  /** How often it was opened. */
  opened = 0;

  constructor(port: number) {
    this.#port = port;
  }

  async open(): Promise<void> {
    const socket = this.#connect();
    await once(socket, 'connect');
    this.#usedAt = performance.now();
  }

  /** Sends it, on a new connection where there is none or the server is about to end it. */
  send(exchange: Exchange): void {
    this.#exchange = exchange;
    const now = performance.now();
    if (this.#socket !== undefined && now - this.#usedAt > this.#keepAliveMs - MARGIN_MS) this.close();
    const isOpen = this.#socket !== undefined;
    const socket = this.#socket ?? this.#connect();
    socket.write(exchange.request, 'latin1');
    if (isOpen) exchange.sent(now);
    else socket.once('connect', () => exchange.sent(performance.now()));
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #connect(): Socket {
    this.opened += 1;
    this.#reader = new ReplyReader();
    // What an earlier connection was promised says nothing of this one, which no reply has come over yet.
    this.#keepAliveMs = USUAL_KEEP_ALIVE_MS;
    const onread = {
      buffer: received,
      callback: (length: number): boolean => {
        this.#read(length);
        return true;
      },
    };
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket = socket;
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#finish(undefined);
    });
    return socket;
  }

  #read(length: number): void {
    const reply = this.#reader.read(received.subarray(0, length));
    // A 408 to an idle connection answers no request: its end follows.
    if (reply === undefined || this.#exchange === undefined) return;
    this.#keepAliveMs = reply.keepAliveMs ?? USUAL_KEEP_ALIVE_MS;
    this.#finish(reply);
  }

  #finish(reply: Reply | undefined): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#usedAt = performance.now();
    exchange?.replied(this.#usedAt, reply);
  }
}
