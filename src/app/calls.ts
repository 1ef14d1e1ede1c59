import type { CallEngine } from '../calls/call-engine.ts';
import { CallPolicy } from '../calls/call-policy.ts';
import { type CallRates, createCallRates } from '../calls/call-rates.ts';
import { CallService } from '../calls/call-service.ts';
import { CallFeed } from '../calls/feed/call-feed.ts';
import { InMemoryCallRouter } from '../calls/ownership/call-router.ts';
import { Heartbeat } from '../calls/ownership/heartbeat.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { NumberPattern } from '../shared/number-pattern.ts';
import type { Stores } from '../storage/stores.ts';
import { ConfiguredPhones } from './accounts/configured-phones.ts';
import { logEnd, logEnds } from './call-log.ts';

export interface CallsOptions {
  readonly settings: Pick<Settings, 'policy' | 'phones' | 'routes' | 'stop_seconds'>;
  readonly stores: Pick<Stores, 'calls' | 'feed' | 'nodes' | 'phones'>;
  readonly engine: CallEngine;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** The policy of the settings, in the terms of the call domain. */
export const policyOf = ({ policy }: Pick<Settings, 'policy'>): CallPolicy =>
  new CallPolicy({
    homeCountry: policy.home_country,
    allowedCountries: policy.allowed_countries,
    barredPrefixes: policy.barred_prefixes,
    costlyNumbers: policy.allow_premium ? 'allowed' : 'barred',
    maxOngoingCallsPerUser: policy.max_ongoing_calls_per_user,
    maxOngoingCalls: policy.max_ongoing_calls,
    perDay: { calls: policy.calls_per_day_per_user, minutes: policy.minutes_per_day_per_user },
  });

/** The patterns of the routes, for what is dialled and goes there as it is. */
export const patternsOf = ({ routes }: Pick<Settings, 'routes'>): readonly NumberPattern[] =>
  routes.flatMap((route) => ('pattern' in route ? [new NumberPattern(route.pattern)] : []));

/** How often a token may place and read calls. */
export const composeCallRates = ({ limits }: Pick<Settings, 'limits'>, clock: Clock): CallRates =>
  createCallRates(
    {
      callsPerSecondPerToken: limits.calls_per_second_per_token,
      readsPerSecondPerToken: limits.reads_per_second_per_token,
    },
    clock,
  );

/** Of an orderly stop, what the engine, the listeners and the database may take after the calls. */
const AFTER_CALLS_MS = 2000;

/** Enough to tell one process from all others that ever served the database. */
const NODE_ID_BITS = 48;

/** The calls of this process. */
export interface RunningCalls {
  readonly calls: CallService;
  /** Every change of every call, of all nodes. */
  readonly feed: CallFeed;
  /** Ends them; see `CallService.close`. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the call domain over an engine that runs, as a node of its own. This process holds the lock of the database, so
 * every other node is dead: what they left open is closed in the journal first.
 */
export const startCalls = async (options: CallsOptions): Promise<RunningCalls> => {
  const { settings, stores, engine, clock, ids, log } = options;
  const phones = new ConfiguredPhones(stores.phones, settings.phones);
  const policy = policyOf(settings);
  const closeWithinMs = settings.stop_seconds * 1000 - AFTER_CALLS_MS;
  const nodeId = ids.random(NODE_ID_BITS);
  const node = { nodeId, router: new InMemoryCallRouter() };
  const patterns = patternsOf(settings);
  const parts = { store: stores.calls, engine, phones, policy, patterns, closeWithinMs, clock, ids, log };
  const calls = new CallService({ ...parts, ...node });
  await stores.nodes.begin(nodeId, clock.now());
  const abandoned = await calls.recover();
  await stores.nodes.forgetOthers(nodeId);
  for (const call of abandoned) logEnd(log, call);
  if (abandoned.length > 0)
    log.warn({ calls: abandoned.length }, 'calls that a crash left open were closed in the journal');
  node.router.join(nodeId, calls);
  const heartbeat = new Heartbeat({
    nodeId,
    nodes: stores.nodes,
    attend: () => calls.attend(),
    isCarrying: () => calls.isCarrying,
    clock,
    log,
  });
  const feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock, log });
  calls.on('changed', () => feed.hint());
  logEnds(calls, log);
  const close = async (): Promise<void> => {
    await calls.close();
    heartbeat.close();
    node.router.leave(nodeId);
  };
  return { calls, feed, close };
};
