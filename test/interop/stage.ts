import { join } from 'node:path';
import { expect } from '@jest/globals';
import { decodeEvents } from '../../src/storage/calls/event-codec.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { authorize } from '../support/authorize.ts';
import { RestClient } from '../support/rest-client.ts';
import { type Sipp, startSipp } from '../support/sipp.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { LineCall } from './line-call.ts';
import { scenarioOf, type Step } from './steps.ts';

export interface StageOptions {
  /** How many calls can be played; each has a phone and a trunk of its own. */
  readonly lines: number;
  readonly transport?: 'udp' | 'tcp';
  /** Two by default. */
  readonly trunksPerLine?: 1 | 2;
  /** The part of the settings of that name. */
  readonly sip?: object;
}

export interface LineOptions {
  /** What the user's phone does; absent: there is nobody at its port. */
  readonly phone?: readonly Step[];
  /** What the carrier does; absent: it must not be called. */
  readonly carrier?: readonly Step[];
  /** What the carrier does that is asked next, when the first one fails. */
  readonly nextCarrier?: readonly Step[];
  /** Further arguments for all sipps. */
  readonly extra?: readonly string[];
}

/** The trunks' credentials: they are used only where a carrier asks for them. */
export const TRUNK_CREDENTIALS = { username: 'trunk-user', password: 'trunk-password' };

const FIRST_PORT = 20_000;
const PORTS_PER_LINE = 3;

/** Below the range from which the kernel gives ports, and another place in each process. */
let nextPort = FIRST_PORT + (process.pid % 40) * 250;

interface LinePorts {
  readonly number: string;
  readonly phone: number;
  readonly carrier: number;
  readonly nextCarrier: number;
}

const layLines = (count: number): LinePorts[] =>
  Array.from({ length: count }, (_, index) => {
    const phone = (nextPort += PORTS_PER_LINE);
    return { number: `+1202555${1000 + index}`, phone, carrier: phone + 1, nextCarrier: phone + 2 };
  });

/** The service between many phones and many trunks: calls on different lines do not meet. */
export class Stage {
  readonly service: StartedService;
  readonly rest: RestClient;
  readonly #transport: 'udp' | 'tcp';
  readonly #lines: LinePorts[];

  private constructor(service: StartedService, rest: RestClient, lines: LinePorts[], transport: 'udp' | 'tcp') {
    this.service = service;
    this.rest = rest;
    this.#lines = lines;
    this.#transport = transport;
  }

  static async open({ lines: count, transport = 'udp', trunksPerLine = 2, sip = {} }: StageOptions): Promise<Stage> {
    const lines = layLines(count);
    const uri = (port: number): string => `sip:127.0.0.1:${port}${transport === 'tcp' ? ';transport=tcp' : ''}`;
    const trunk = (port: number) => ({ name: String(port), uri: uri(port), ...TRUNK_CREDENTIALS });
    const service = await startService({
      env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'info' },
      settings: {
        trunks: lines.flatMap(({ carrier, nextCarrier }) => [trunk(carrier), trunk(nextCarrier)]),
        routes: lines.map(({ number, carrier, nextCarrier }) => ({
          prefix: number,
          trunks: [String(carrier), String(nextCarrier)].slice(0, trunksPerLine),
        })),
        phones: lines.map(({ phone }) => ({ user: 'demo', address: uri(phone).replace('sip:', 'sip:phone@') })),
        policy: { max_ongoing_calls_per_user: 0 },
        limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
        busy_tone_ms: 200,
        sip,
      },
    });
    const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
    return new Stage(service, rest, lines, transport);
  }

  /** Places a call on a line that was not used before, with sipp at both of its ends. */
  async place(options: LineOptions, fields: Readonly<Record<string, string>> = {}): Promise<LineCall> {
    const line = this.#lines.shift();
    if (line === undefined) throw new Error('The stage has too few lines');
    const start = (port: number, steps: readonly Step[] | undefined): Promise<Sipp> | undefined =>
      steps && startSipp({ scenario: scenarioOf(steps), port, transport: this.#transport, extra: options.extra ?? [] });
    const [phone, carrier, nextCarrier] = await Promise.all([
      start(line.phone, options.phone),
      start(line.carrier, options.carrier),
      start(line.nextCarrier, options.nextCarrier),
    ]);
    const from = `sip:phone@127.0.0.1:${line.phone}${this.#transport === 'tcp' ? ';transport=tcp' : ''}`;
    const token = await this.rest.place({ number: line.number, from, ...fields });
    return new LineCall(this, token, { phone, carrier, nextCarrier });
  }

  /** The names of the call's events, in their order. */
  eventsOf(tokenCall: string): string[] {
    const database = openSqlite(join(this.service.directory, 'offhook.db'), { readonly: true });
    const rows = database
      .prepare(
        `SELECT call_events.sequence, call_events.at, call_events.changes FROM call_events
         JOIN calls ON calls.id = call_events.call_id WHERE calls.token_call = ? ORDER BY call_events.id`,
      )
      .all(tokenCall) as Parameters<typeof decodeEvents>[0][];
    database.close();
    return rows.flatMap(decodeEvents).map(({ name }) => name);
  }

  /** Nothing may be ongoing any more. */
  async close(): Promise<void> {
    const ongoing = await this.rest.list();
    const exitCode = await this.service.stop();
    expect(ongoing).toEqual([]);
    expect(exitCode).toBe(0);
  }
}
