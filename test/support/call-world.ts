import type { Requester } from '../../src/calls/call-command.ts';
import type { CallEvent } from '../../src/calls/call-events.ts';
import { CallPolicy, type CallPolicyRules } from '../../src/calls/call-policy.ts';
import type { CallRecord } from '../../src/calls/call-record.ts';
import { CallService } from '../../src/calls/call-service.ts';
import type { CallStore } from '../../src/calls/call-store.ts';
import { InMemoryCallRouter } from '../../src/calls/ownership/call-router.ts';
import { AppError } from '../../src/shared/errors.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import type { Log } from '../../src/shared/log.ts';
import { NumberPattern } from '../../src/shared/number-pattern.ts';
import type { UserChanges } from '../../src/storage/oauth/kysely-user-changes.ts';
import { FakeClock } from './fake-clock.ts';
import { ScriptedEngine } from './scripted-engine.ts';
import { createTestStores, type TestStores } from './test-database.ts';

export interface CallWorld {
  readonly stores: TestStores;
  /** The journal as the service sees it: its writes can be made to fail. */
  readonly journal: FlakyStore;
  readonly clock: FakeClock;
  readonly engine: ScriptedEngine;
  readonly router: InMemoryCallRouter;
  /** Of the node `node-1`. */
  readonly calls: CallService;
  /** Another node on the same journal, with the same engine. */
  serve(nodeId: string): CallService;
  readonly notified: { readonly call: CallRecord; readonly event: CallEvent }[];
  readonly errors: string[];
  readonly warnings: string[];
  addUser(username: string, profile?: UserChanges): Promise<Requester>;
  close(): Promise<void>;
}

export interface FlakyStore extends CallStore {
  /** How many of the next writes fail. */
  failures: number;
  /** Of how many of the next insertions the caller hears that nobody knows what became of them. */
  lost: number;
}

class LostError extends AppError {
  readonly code = 'lost';
  readonly kind = 'unavailable';
  readonly outcome = 'unknown';
}

/** A real store, some of whose writes fail. */
const flaky = (store: CallStore): FlakyStore => {
  const fail = (): void => {
    if (wrapped.failures === 0) return;
    wrapped.failures -= 1;
    throw new Error('disk I/O error');
  };
  const wrapped: FlakyStore = Object.assign(Object.create(store) as CallStore, {
    failures: 0,
    lost: 0,
    insert: async (...args: Parameters<CallStore['insert']>) => {
      fail();
      const existing = await store.insert(...args);
      if (wrapped.lost === 0) return existing;
      wrapped.lost -= 1;
      throw new LostError('The disk failed after the commit.');
    },
    withdraw: async (...args: Parameters<CallStore['withdraw']>) => {
      fail();
      return store.withdraw(...args);
    },
    update: async (...args: Parameters<CallStore['update']>) => {
      fail();
      return store.update(...args);
    },
    follow: async (...args: Parameters<CallStore['follow']>) => {
      fail();
      return store.follow(...args);
    },
    hurry: store.hurry.bind(store),
    find: store.find.bind(store),
    findIdempotent: store.findIdempotent.bind(store),
    usedSince: store.usedSince.bind(store),
    ongoingOf: store.ongoingOf.bind(store),
    ongoing: store.ongoing.bind(store),
    takeOver: store.takeOver.bind(store),
    requestEnd: store.requestEnd.bind(store),
    endRequests: store.endRequests.bind(store),
    events: store.events.bind(store),
  });
  return wrapped;
};

const homeRules: CallPolicyRules = {
  homeCountry: 'US',
  allowedCountries: ['US'],
  barredPrefixes: ['+1900'],
  costlyNumbers: 'barred',
  maxOngoingCallsPerUser: 20,
  maxOngoingCalls: 0,
  perDay: { calls: 0, minutes: 0 },
};

/** The call domain over a real SQLite journal and an engine that does what the test says. Has the users demo and operator. */
export const createCallWorld = async (
  rules: Partial<CallPolicyRules> = {},
  patterns: readonly string[] = [],
): Promise<CallWorld> => {
  const clock = new FakeClock();
  const stores = await createTestStores({ clock });
  const engine = new ScriptedEngine();
  const errors: string[] = [];
  const warnings: string[] = [];
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message) => void warnings.push(message),
    error: (_fields, message) => void errors.push(message),
  };
  const journal = flaky(stores.calls);
  const policy = new CallPolicy({ ...homeRules, ...rules });
  const router = new InMemoryCallRouter();
  const serve = (nodeId: string): CallService =>
    new CallService({
      closeWithinMs: 6000,
      store: journal,
      engine,
      phones: stores.phones,
      policy,
      patterns: patterns.map((text) => new NumberPattern(text)),
      nodeId,
      router,
      clock,
      ids: createSystemIds(),
      log,
    });
  const calls = serve('node-1');
  const notified: CallWorld['notified'] = [];
  calls.on('changed', (call, event) => void notified.push({ call, event }));

  const addUser: CallWorld['addUser'] = async (username, profile = {}) => {
    const userId = `user-${username}`;
    const common = { role: 'user', status: 'active', sandbox: false, createdAt: clock.now() } as const;
    await stores.users.insert({ id: userId, username, passwordHash: '-', ...common });
    await stores.userChanges.change(userId, { extension: null, homeCountry: null, callerIds: [], ...profile });
    const uri = `sip:${username}@127.0.0.1`;
    await stores.phoneBook.addPhone({ userId, name: uri, endpoint: { kind: 'address', uri } });
    return { userId, username, clientId: 'demo-app', scope: 'own' };
  };
  const close = async (): Promise<void> => {
    await stores.close();
  };
  return { stores, journal, clock, engine, router, calls, serve, notified, errors, warnings, addUser, close };
};

/** Lets the journal write what it has. */
export const settleJournal = async (world: CallWorld, tokenCall: string): Promise<CallRecord> => {
  for (let turn = 0; turn < 200; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const call = await world.stores.calls.find(tokenCall);
  if (call === undefined) throw new Error('the call is not journalled');
  return call;
};
