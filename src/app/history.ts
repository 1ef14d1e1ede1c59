import type { CallRates } from '../calls/call-rates.ts';
import type { CallService } from '../calls/call-service.ts';
import { CallHistory } from '../features/history/call-history.ts';
import { Cursors } from '../features/history/cursors.ts';
import { type HistoryDirectory, HistoryRead } from '../features/history/routes/history-read.ts';
import { SummaryRoute } from '../features/history/routes/summary-route.ts';
import { TimelineRead } from '../features/history/routes/timeline-read.ts';
import { Turns } from '../features/history/turns.ts';
import type { DirectRoute } from '../http/direct-route.ts';
import type { CallRead } from '../http/routes/call/call-read.ts';
import { ConcurrencyLimit } from '../oauth/limits/concurrency-limit.ts';
import type { TokenVerifier } from '../oauth/request/principal.ts';
import type { WallClock } from '../shared/clock.ts';
import { deriveKey } from '../storage/secret-key.ts';
import type { Stores } from '../storage/stores.ts';

export interface HistoryParts {
  /** ISO 3166-1 alpha-2: of who has none of their own. */
  readonly homeCountry: string;
  readonly stores: Pick<Stores, 'calls' | 'history' | 'phones' | 'users'>;
  readonly calls: Pick<CallService, 'info'>;
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  readonly publicUrl: string;
  readonly secretKey: Buffer;
  readonly clock: WallClock;
}

export interface History {
  readonly reads: readonly CallRead[];
  readonly directRoute: DirectRoute;
}

/** Pages that are made at once share the turns of the event loop: more would only make each of them slower. */
const PAGES = { atOnce: 8, mostWaiting: 200 };
/** A summary may take seconds. */
const SUMMARIES = { atOnce: 2, mostWaiting: 20 };

const directoryOf = ({ homeCountry, stores }: HistoryParts): HistoryDirectory => ({
  countryOf: async (viewer) => {
    const user = viewer.scope === 'application' ? undefined : await stores.phones.user(viewer.userId);
    return user?.homeCountry ?? homeCountry;
  },
  isExtension: async (digits) => (await stores.phones.userByExtension(digits)) !== undefined,
  usernameOf: async (typed) => (await stores.users.findByUsername(typed))?.username ?? typed,
});

/** What answers for the calls of the past. */
export const composeHistory = (parts: HistoryParts): History => {
  const { stores, calls, verifier, rates, publicUrl, secretKey, clock } = parts;
  const store = stores.history;
  const turns = new Turns();
  const history = new CallHistory({ store, turns });
  const cursors = new Cursors(deriveKey(secretKey, 'history cursor'));
  const pages = new ConcurrencyLimit(PAGES);
  const summaries = new ConcurrencyLimit(SUMMARIES);
  const common = { verifier, rates };
  return {
    reads: [
      new HistoryRead({ ...common, publicUrl, history, cursors, directory: directoryOf(parts), atOnce: pages }),
      new TimelineRead({ ...common, publicUrl, calls, store: stores.calls }),
    ],
    directRoute: new SummaryRoute({ ...common, store, turns, atOnce: summaries, clock }),
  };
};
