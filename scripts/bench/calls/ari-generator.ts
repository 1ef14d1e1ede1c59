/*
 * Places and ends the same calls through ARI: the application that the ARI documentation describes for two legs that are
 * joined. The user's phone is originated into the application; when it has answered, the destination is; when that has
 * answered, both are put into a bridge. No ringback is asked for, which a real application would. An open loop, as ours.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { CallRecords, NO_REPLY, numberOf } from './call-records.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Reply } from './reply.ts';

const AUTHORIZATION = `Basic ${Buffer.from('bench:bench').toString('base64')}`;
const GIVEN_UP_MS = 60_000;
const [CREATED, OK] = [201, 200];

interface StasisEvent {
  readonly type: string;
  readonly args?: readonly string[];
}

interface Load {
  readonly records: CallRecords;
  readonly holdMs: number;
}

let nextNumber = 0;

export class AriGenerator {
  readonly #port: number;
  readonly #pool: ConnectionPool;
  readonly #events: WebSocket;
  readonly #loads = new Map<number, Load>();

  private constructor(port: number, connections: number, events: WebSocket) {
    this.#port = port;
    this.#pool = new ConnectionPool(port, connections);
    this.#events = events;
    events.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as StasisEvent));
  }

  /** With its application connected, so that events come. */
  static async open(port: number, connections: number): Promise<AriGenerator> {
    const events = new WebSocket(`ws://127.0.0.1:${port}/ari/events?app=bench&api_key=bench:bench`);
    await once(events, 'open');
    const generator = new AriGenerator(port, connections, events);
    await generator.#pool.open();
    return generator;
  }

  get opened(): number {
    return this.#pool.opened;
  }

  close(): void {
    this.#events.close();
    this.#pool.close();
  }

  /** Resolves when every call has ended or failed, or no reply is waited for any more. */
  async run(options: { readonly rate: number; readonly count: number; readonly holdMs: number }): Promise<CallRecords> {
    const { rate, count, holdMs } = options;
    const records = new CallRecords(count, nextNumber);
    nextNumber += count;
    records.open = count;
    this.#loads.set(records.firstNumber, { records, holdMs });
    const begin = performance.now();
    const giveUpAt = begin + (count * 1000) / rate + GIVEN_UP_MS;
    for (let turn = 0; records.open > 0 && performance.now() < giveUpAt;) {
      for (; turn < count && begin + (turn * 1000) / rate <= performance.now(); turn += 1) this.#place(records, turn);
      await pause(1);
    }
    this.#loads.delete(records.firstNumber);
    return records;
  }

  #place(records: CallRecords, index: number): void {
    const due = performance.now();
    records.placedAt[index] = due;
    this.#originate('phone', `${records.firstNumber},${index}`, {
      sent: (at) => (records.waitedMs[index] = at - due),
      replied: (at, reply) => {
        records.postMs[index] = at - due;
        records.postStatus[index] = reply?.status === OK ? CREATED : (reply?.status ?? NO_REPLY);
        if (reply?.status !== OK) records.open -= 1;
      },
    });
  }

  #take({ type, args = [] }: StasisEvent): void {
    if (type !== 'StasisStart') return;
    const [leg, first, at] = args;
    const load = this.#loads.get(Number(first));
    const index = Number(at);
    if (load === undefined) return;
    const id = `${first}-${index}`;
    if (leg === 'phone') {
      this.#send(`POST /ari/bridges?type=mixing&bridgeId=b-${id}`);
      this.#originate('carrier', `${first},${index}`);
    } else {
      this.#send(`POST /ari/bridges/b-${id}/addChannel?channel=phone-${id},carrier-${id}`);
      setTimeout(() => this.#stop(load.records, index), load.holdMs);
    }
  }

  #originate(leg: 'phone' | 'carrier', call: string, told?: Told): void {
    const [first = 0, index = 0] = call.split(',').map(Number);
    const number = encodeURIComponent(numberOf(first + index));
    const query = `endpoint=PJSIP/${number}@${leg}&app=bench&appArgs=${leg},${call}&callerId=${number}`;
    this.#send(`POST /ari/channels?${query}&channelId=${leg}-${first}-${index}`, told);
  }

  #stop(records: CallRecords, index: number): void {
    const due = performance.now();
    const id = `${records.firstNumber}-${index}`;
    records.stoppedAt[index] = due;
    this.#send(`DELETE /ari/channels/phone-${id}`);
    this.#send(`DELETE /ari/channels/carrier-${id}`);
    this.#send(`DELETE /ari/bridges/b-${id}`, {
      sent: () => undefined,
      replied: (at, reply) => {
        records.putMs[index] = at - due;
        records.putStatus[index] = reply?.status === 204 ? OK : (reply?.status ?? NO_REPLY);
        records.open -= 1;
      },
    });
  }

  #send(line: string, { sent, replied }: Told = NOBODY): void {
    const head = `Host: localhost:${this.#port}\r\nAuthorization: ${AUTHORIZATION}\r\nContent-Length: 0`;
    this.#pool.send({ request: `${line} HTTP/1.1\r\n${head}\r\n\r\n`, sent, replied });
  }
}

interface Told {
  readonly sent: (at: number) => void;
  readonly replied: (at: number, reply: Reply | undefined) => void;
}

const NOBODY: Told = { sent: () => undefined, replied: () => undefined };
