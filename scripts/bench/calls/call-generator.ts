/*
 * Places and ends calls through HTTP, in an open loop: each request leaves when it is due, whatever became of the others.
 * It shares two cores with what it measures, so it costs little: sockets without a client library, no promise for a call,
 * what is noted stands in typed arrays. What it cost is in each table.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Queue } from '../../../src/shared/queue.ts';
import { CallRecords, NO_REPLY, numberOf, NUMBERS } from './call-records.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Reply } from './reply.ts';

export interface CallGeneratorOptions {
  readonly port: number;
  readonly accessToken: string;
  readonly connections: number;
}

export interface LoadOptions {
  /** Calls a second. */
  readonly rate: number;
  readonly count: number;
  /** From the 201 to the PUT; Infinity: until `endHeld`. */
  readonly holdMs: number;
}

const LONGEST_SLEEP_MS = 50;
/** What has had no reply so long after the last call was due never will. */
const GIVEN_UP_MS = 60_000;

let nextNumber = 0;

interface Stop {
  readonly records: CallRecords;
  readonly index: number;
  readonly dueAt: number;
}

export class CallGenerator {
  readonly #pool: ConnectionPool;
  readonly #headers: string;
  /** The PUTs to come. Calls of all loads are held equally long, so that they stand in the order of their times. */
  readonly #stops = new Queue<Stop>();

  constructor({ port, accessToken, connections }: CallGeneratorOptions) {
    this.#pool = new ConnectionPool(port, connections);
    this.#headers =
      `Host: localhost:${port}\r\nAuthorization: Bearer ${accessToken}\r\n` +
      'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ';
  }

  /** Opens all connections beforehand; else each is opened when it is first used. */
  async open(): Promise<void> {
    await this.#pool.open();
  }

  /** How many connections were opened until now, those that the server had ended again included. */
  get opened(): number {
    return this.#pool.opened;
  }

  get connections(): number {
    return this.#pool.size;
  }

  close(): void {
    this.#pool.close();
  }

  /** Resolves when every call has ended or failed, or no reply is waited for any more. */
  async run({ rate, count, holdMs }: LoadOptions): Promise<CallRecords> {
    if (nextNumber + count > NUMBERS) nextNumber = 0;
    const records = new CallRecords(count, nextNumber);
    nextNumber += count;
    records.open = count;
    await this.#pace(records, { rate, count }, (index) => this.#place(records, index, holdMs));
    return records;
  }

  /** Ends what `run` left, at so many a second. */
  async endHeld(records: CallRecords, rate: number): Promise<void> {
    const held = [...records.token.keys()].filter((index) => records.token[index] !== undefined);
    records.open = held.length;
    await this.#pace(records, { rate, count: held.length }, (turn) => this.#stop(records, held[turn] ?? 0));
  }

  async #pace(
    records: CallRecords,
    { rate, count }: { readonly rate: number; readonly count: number },
    next: (turn: number) => void,
  ): Promise<void> {
    const begin = performance.now();
    const giveUpAt = begin + (count * 1000) / rate + GIVEN_UP_MS;
    for (let turn = 0; records.open > 0;) {
      const now = performance.now();
      if (now > giveUpAt) break;
      for (; turn < count && begin + (turn * 1000) / rate <= now; turn += 1) next(turn);
      for (let stop = this.#stops.peek(); stop !== undefined && stop.dueAt <= now; stop = this.#stops.peek()) {
        this.#stops.shift();
        this.#stop(stop.records, stop.index);
      }
      const callDue = turn < count ? begin + (turn * 1000) / rate : Infinity;
      const due = Math.min(callDue, this.#stops.peek()?.dueAt ?? Infinity, now + LONGEST_SLEEP_MS);
      await pause(Math.max(1, due - performance.now()));
    }
  }

  #place(records: CallRecords, index: number, holdMs: number): void {
    const due = performance.now();
    records.placedAt[index] = due;
    const body = `number=%2B${numberOf(records.firstNumber + index).slice(1)}`;
    this.#pool.send({
      request: `POST /rest/call HTTP/1.1\r\n${this.#headers}${body.length}\r\n\r\n${body}`,
      sent: (at) => (records.waitedMs[index] = at - due),
      replied: (at, reply) => {
        records.postMs[index] = at - due;
        records.postStatus[index] = reply?.status ?? NO_REPLY;
        this.#placed(records, index, { reply, dueAt: at + holdMs });
      },
    });
  }

  #placed(
    records: CallRecords,
    index: number,
    { reply, dueAt }: { readonly reply: Reply | undefined; readonly dueAt: number },
  ): void {
    if (reply?.tokenCall === undefined) {
      records.open -= 1;
      return;
    }
    records.token[index] = reply.tokenCall;
    if (dueAt === Infinity) records.open -= 1;
    else this.#stops.push({ records, index, dueAt });
  }

  #stop(records: CallRecords, index: number): void {
    const due = performance.now();
    records.stoppedAt[index] = due;
    const body = `token_call=${records.token[index]}`;
    records.token[index] = undefined;
    this.#pool.send({
      request: `PUT /rest/call HTTP/1.1\r\n${this.#headers}${body.length}\r\n\r\n${body}`,
      sent: () => undefined,
      replied: (at, reply) => {
        records.putMs[index] = at - due;
        records.putStatus[index] = reply?.status ?? NO_REPLY;
        records.open -= 1;
      },
    });
  }
}
