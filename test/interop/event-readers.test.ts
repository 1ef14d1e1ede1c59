import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import { decodeEvents } from '../../src/storage/calls/event-codec.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { authorize } from '../support/authorize.ts';
import { becomes, FaultStage } from '../support/fault-stage.ts';
import { freePort } from '../support/free-port.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** `CALLS=5000` for the whole of it. */
const CALLS = Number(process.env['CALLS'] ?? 150);
const READERS = 20;
const SEED = 20_261_128;

interface Told {
  readonly call: string;
  readonly sequence: number;
  readonly event: string;
}

const NAMES = [
  ...['call.created', 'call.calling', 'call.dialling', 'call.connected', 'call.ended', 'call.settled'],
  ...['leg.calling', 'leg.ringing', 'leg.answered', 'leg.ended'],
];

/** An unmodified EventSource of npm, which is closed and opened again at any moment, and goes on by its last id. */
class ForeignReader {
  readonly told: Told[] = [];
  resets = 0;
  #lastId = '';
  #source: EventSource | undefined;
  opened = 0;
  readonly #address: string;
  readonly #token: string;

  constructor(address: string, token: string) {
    this.#address = address;
    this.#token = token;
  }

  /** Resolves when it is told something for the first time. */
  async open(): Promise<void> {
    this.opened += 1;
    const query = this.#lastId === '' ? '' : `?last_event_id=${encodeURIComponent(this.#lastId)}`;
    const source = new EventSource(`${this.#address}/rest/call/events${query}`, {
      fetch: (input, init) =>
        fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${this.#token}` } }),
    });
    this.#source = source;
    const keep = ({ lastEventId }: { readonly lastEventId: string }): void => {
      if (this.#source === source) this.#lastId = lastEventId;
    };
    source.addEventListener('snapshot', (event) => {
      if (this.#source !== source) return;
      if ((JSON.parse(event.data as string) as { reset?: boolean }).reset === true) this.resets += 1;
      keep(event);
    });
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (this.#source !== source) return;
        const { call, sequence } = JSON.parse(event.data as string) as {
          call: { token_call: string };
          sequence: number;
        };
        this.told.push({ call: call.token_call, sequence, event: name });
        keep(event);
      });
    }
    await new Promise<void>((resolve) => source.addEventListener('snapshot', () => resolve(), { once: true }));
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
  }
}

const keyOf = ({ call, sequence, event }: Told): string => `${call} ${sequence} ${event}`;

interface EventRow {
  readonly token: string;
  readonly sequence: number;
  readonly at: number;
  readonly changes: string;
}

/** What happened, by the journal; of each call the last change is told as `call.settled` too. */
const journalled = (directory: string): readonly Told[] => {
  const database = openSqlite(join(directory, 'offhook.db'), { readonly: true });
  try {
    const rows = database
      .prepare(
        'SELECT token_call AS token, e.sequence, e.at, e.changes FROM call_events AS e JOIN calls ON calls.id = e.call_id ORDER BY e.id',
      )
      .all() as EventRow[];
    const told = rows.flatMap(({ token, ...row }) =>
      decodeEvents(row).map(({ name, sequence }): Told => ({ call: token, sequence, event: name })),
    );
    const last = new Map(told.map(({ call, sequence }) => [call, sequence]));
    return [...told, ...[...last].map(([call, sequence]) => ({ call, sequence, event: 'call.settled' }))];
  } finally {
    database.close();
  }
};

describe(`${CALLS} calls, ${READERS} readers that leave and come back at seeded moments, one kill -9`, () => {
  let directory: string;
  let stage: FaultStage;
  let token: string;
  let readers: readonly ForeignReader[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'offhook-events-'));
    stage = await FaultStage.open({ directory, env: { PORT: String(await freePort()) } });
    token = await authorize(stage.service.baseUrl);
  }, 60_000);

  afterAll(async () => {
    for (const reader of readers) reader.close();
    await stage.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('are told of every event exactly once, in the order of each call', async () => {
    const random = seededRandom(SEED);
    readers = Array.from({ length: READERS }, () => new ForeignReader(stage.service.baseUrl, token));
    await Promise.all(readers.map((reader) => reader.open()));
    let state: 'placing' | 'over' = 'placing';
    const restless = readers.map(async (reader) => {
      while (state === 'placing') {
        await pause(50 + random() * 1500);
        reader.close();
        await pause(random() * 300);
        void reader.open();
      }
    });
    const ends: Promise<void>[] = [];
    for (let placed = 0; placed < CALLS; placed += 1) {
      if (placed === Math.floor(CALLS / 2)) {
        await stage.kill();
        await stage.start();
      }
      const call = await stage.place();
      const end = pause(random() * 400).then(() => stage.rest.stop(call));
      ends.push(
        end.then(
          () => undefined,
          () => undefined,
        ),
      );
    }
    await Promise.all(ends);
    expect(await becomes(async () => (await stage.rest.list()).length === 0, 60_000)).toBe(true);
    state = 'over';
    await Promise.all(restless);
    let all = journalled(directory);
    const hasAll = (): boolean => {
      all = journalled(directory);
      return readers.every(({ told }) => told.length >= all.length);
    };
    await becomes(hasAll, 60_000);
    const wanted = all.map(keyOf).sort();
    for (const reader of readers) {
      reader.close();
      expect(reader.resets).toBe(0);
      expect(reader.told.map(keyOf).sort()).toEqual(wanted);
      const last = new Map<string, number>();
      for (const { call, sequence } of reader.told) {
        expect(sequence).toBeGreaterThanOrEqual(last.get(call) ?? 0);
        last.set(call, sequence);
      }
    }
    const opened = readers.reduce((sum, reader) => sum + reader.opened, 0);
    console.info(
      `${CALLS} calls, ${all.length} events, ${READERS} readers, ${opened} connections: each event once, in order`,
    );
  }, 1_800_000);
});
