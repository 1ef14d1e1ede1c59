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
  /** The longest turn of the event loop meanwhile. */
  readonly longestTurnMs: number;
  /** How many calls were read. */
  readonly calls: number;
}

/** Watches the turns of the event loop while something runs. */
const timed = async (run: () => Promise<number>): Promise<Took> => {
  const began = performance.now();
  let last = began;
  let longestTurnMs = 0;
  let isRunning = true;
  const look = (): void => {
    const now = performance.now();
    longestTurnMs = Math.max(longestTurnMs, now - last);
    last = now;
    if (isRunning) setImmediate(look);
  };
  setImmediate(look);
  const calls = await run();
  isRunning = false;
  look();
  return { ms: performance.now() - began, longestTurnMs, calls };
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

  summary(request: SummaryRequest): Promise<Took> {
    return timed(async () => {
      const rows = await summarize(request, { store: this.#store, turns: this.#turns, isAbandoned: () => false });
      return (rows ?? []).reduce((sum, { calls }) => sum + calls, 0);
    });
  }
}
