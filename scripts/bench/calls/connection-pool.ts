import { Queue } from '../../../src/shared/queue.ts';
import { Connection, type Exchange } from './connection.ts';

/** How many are opened at once: the queue of a listening socket is short. */
const OPENED_AT_ONCE = 100;

/** So many connections, used in turn: each request takes the one that has been idle for longest. */
export class ConnectionPool {
  readonly #all: readonly Connection[];
  readonly #idle = new Queue<Connection>();
  readonly #waiting = new Queue<Exchange>();

  constructor(port: number, size: number) {
    this.#all = Array.from({ length: size }, () => new Connection(port));
    for (const connection of this.#all) this.#idle.push(connection);
  }

  get size(): number {
    return this.#all.length;
  }

  /** How many connections were opened until now. */
  get opened(): number {
    return this.#all.reduce((sum, { opened }) => sum + opened, 0);
  }

  /** Opens all of them. */
  async open(): Promise<void> {
    for (let begin = 0; begin < this.#all.length; begin += OPENED_AT_ONCE) {
      await Promise.all(this.#all.slice(begin, begin + OPENED_AT_ONCE).map((connection) => connection.open()));
    }
  }

  /** Sends it on an idle connection; when there is none, once there is one. */
  send(exchange: Exchange): void {
    const connection = this.#idle.shift();
    if (connection === undefined) this.#waiting.push(exchange);
    else this.#use(connection, exchange);
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #use(connection: Connection, exchange: Exchange): void {
    connection.send({
      request: exchange.request,
      sent: (at) => exchange.sent(at),
      replied: (at, reply) => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#idle.push(connection);
        else this.#use(connection, next);
        exchange.replied(at, reply);
      },
    });
  }
}
