import { CallHistory } from '../../../src/features/history/call-history.ts';
import type { CallSearch } from '../../../src/features/history/model.ts';
import { ListBody } from '../../../src/features/history/routes/list-body.ts';
import { summarize, type SummaryRequest } from '../../../src/features/history/summary.ts';
import { Turns } from '../../../src/features/history/turns.ts';
import { representCall } from '../../../src/http/routes/call/call-representation.ts';
import { KyselyHistoryStore } from '../../../src/storage/calls/kysely-history-store.ts';
import type { Database } from '../../../src/storage/database.ts';

export interface Took {
  readonly ms: number;
  /** The longest turn of the event loop meanwhile, and the most processor time in one: a busy machine lengthens turns. */
  readonly longestTurnMs: number;
  readonly mostCpuMs: number;
  /** How many calls were read. */
  readonly calls: number;
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Watches the turns of the event loop while something runs. */
const timed = async (run: () => Promise<number>): Promise<Took> => {
  const began = performance.now();
  let last = began;
  let lastCpu = cpuMs();
  let longestTurnMs = 0;
  let mostCpuMs = 0;
  let isRunning = true;
  const look = (): void => {
    const now = performance.now();
    const cpu = cpuMs();
    longestTurnMs = Math.max(longestTurnMs, now - last);
    mostCpuMs = Math.max(mostCpuMs, cpu - lastCpu);
    last = now;
    lastCpu = cpu;
    if (isRunning) setImmediate(look);
  };
  setImmediate(look);
  const calls = await run();
  isRunning = false;
  look();
  return { ms: performance.now() - began, longestTurnMs, mostCpuMs, calls };
};

/** Reads the history as the service does, without HTTP around it. */
export class Reading {
  readonly #turns = new Turns();
  readonly #store: KyselyHistoryStore;
  readonly #history: CallHistory;

  constructor(database: Database) {
    this.#store = new KyselyHistoryStore(database);
    this.#history = new CallHistory({ store: this.#store, turns: this.#turns });
  }

  /** The first page, as JSON. */
  page(search: Partial<CallSearch>, limit: number): Promise<Took> {
    const all: CallSearch = {
      ...{ whose: { kind: 'everybody' }, state: 'ended', since: null, until: null },
      ...{ number: null, outcome: null, clientId: null, username: null },
      ...search,
    };
    return timed(async () => {
      const body = new ListBody('json');
      let read = 0;
      await this.#history.page(all, {
        after: null,
        limit,
        show: (calls) => {
          read += calls.length;
          body.add(calls.map((call) => representCall(call, 'http://localhost:8888')));
        },
      });
      body.end(null);
      return read;
    });
  }

  /** What the machine does to the turns of an event loop by itself. */
  nothing(forMs: number): Promise<Took> {
    return timed(async () => {
      const until = performance.now() + forMs;
      while (performance.now() < until) await this.#turns.next();
      return 0;
    });
  }

  summary(request: SummaryRequest): Promise<Took> {
    return timed(async () => {
      const rows = await summarize(request, { store: this.#store, turns: this.#turns, isAbandoned: () => false });
      return (rows ?? []).reduce((sum, { calls }) => sum + calls, 0);
    });
  }
}
