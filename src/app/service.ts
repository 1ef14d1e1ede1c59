import { CallAdmission } from '../calls/call-admission.ts';
import { type Config, hostInUrl, sipServerOf } from '../config/config.ts';
import type { Readiness } from '../http/dispatcher.ts';
import { AnalysisThread } from '../media/analysis/analysis-thread.ts';
import { createPasswordHasher } from '../oauth/model/secrets.ts';
import { createSteadyClock, systemClock } from '../shared/clock.ts';
import { createSystemIds } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { LocalAddress } from '../sip/sip-stack.ts';
import { describeReason } from '../storage/errors.ts';
import { identifyDatabase, lockDatabase } from '../storage/open-database.ts';
import type { Stores } from '../storage/stores.ts';
import { refusePhonesOfNobody } from './accounts/configured-phones.ts';
import { prepareAccounts } from './accounts/prepare-accounts.ts';
import { composeApplication } from './application.ts';
import { startCalls } from './calls.ts';
import { refuseEmergencyRoutes } from './emergency-routes.ts';
import { HttpListener } from './http-listener.ts';
import { openJobs } from './jobs.ts';
import { Metrics } from './metrics.ts';
import { createPinoLog } from './pino-log.ts';
import { Shutdown } from './shutdown.ts';
import { openStorage } from './storage.ts';
import { Sweeper } from './sweeper.ts';
import { startTelephony } from './telephony.ts';
import { startWebhooks } from './webhooks.ts';

/** A service that runs. */
export interface RunningService {
  readonly publicUrl: string;
  readonly sip: readonly LocalAddress[];
  readonly log: Log;
  /** Takes no more calls, ends what is ongoing and waits for it, then closes everything. Idempotent. */
  readonly stop: () => Promise<void>;
}

/** A commit costs 0.2 ms of processor time. At 75 calls a second a request comes by each 7 ms, and takes all else along. */
const COMPANY_MS = 10;
const CHECKPOINT_EVERY_MS = 1000;
const OVERLOADED = 'more calls are placed than can be served in time';
/** Of the epoch of the feed. */
const EPOCH_BITS = 48;

interface ReadinessParts {
  readonly shutdown: Shutdown;
  readonly stores: Pick<Stores, 'health'>;
  readonly admission: CallAdmission;
}

const createReadiness =
  ({ shutdown, stores, admission }: ReadinessParts) =>
  (): Readiness => {
    const { reason } = stores.health;
    if (shutdown.state !== 'open') return { status: 'not ready' };
    if (reason !== undefined) return { status: 'not ready', reason: describeReason(reason) };
    return admission.isOverloaded ? { status: 'overloaded', reason: OVERLOADED } : { status: 'ready' };
  };

/** Opens each part after those that it needs; `shutdown` closes them in the opposite order. */
const start = async (config: Config, log: Log, shutdown: Shutdown): Promise<Omit<RunningService, 'stop'>> => {
  const clock = systemClock;
  const steadyClock = createSteadyClock(clock);
  const ids = createSystemIds();
  const { sandbox, settings } = config;
  const lock = lockDatabase(config.databaseUrl);
  shutdown.add(() => lock.release());
  const metrics = new Metrics(clock);
  const serving = { companyMs: COMPANY_MS, checkpointEveryMs: CHECKPOINT_EVERY_MS, onCommit: metrics.committed };
  const storage = await openStorage({ config, clock, log, serving });
  const { secretKey } = storage;
  const stores = metrics.watchAudit(storage.stores);
  shutdown.add(storage.close);
  // The port is taken before anything is written: of two that are started on one, the second changes nothing.
  const listener = await HttpListener.open({ hosts: config.http.hosts, port: config.http.port, clock, log });
  shutdown.add(() => listener.close());
  await stores.feed.begin(identifyDatabase(config.databaseUrl), ids.random(EPOCH_BITS));
  const publicUrl = config.publicUrl ?? `http://localhost:${listener.port}`;

  const hasher = createPasswordHasher();
  await prepareAccounts({ stores, hasher, publicUrl, sandbox, clients: settings.clients, clock, ids, log });
  refuseEmergencyRoutes(settings);
  await refusePhonesOfNobody(settings.phones, stores.users);
  const analysis = new AnalysisThread({ log });
  shutdown.add(() => analysis.close());
  const common = { stores, clock, log };
  const telephony = await startTelephony({ ...common, config, secretKey, analysis, shutdown, steadyClock, ids });
  const running = await startCalls({ ...common, settings, engine: telephony.engine, ids });
  const admission = new CallAdmission({ clock, log, signallingDelayMs: telephony.queueAgeMs });
  const jobs = openJobs({ ...common, calls: running.calls, analysis, sandbox, admission });
  const webhooks = startWebhooks({ ...common, config, publicUrl, feed: running.feed, shutdown, steadyClock, ids });
  const readiness = createReadiness({ shutdown, stores, admission });
  const parts = {
    ...{ config, publicUrl, stores, secretKey, hasher, calls: running.calls, feed: running.feed, jobs: jobs.service },
    ...{ webhooks, admission, readiness, clock, ids, log },
  };
  const application = composeApplication(parts);
  listener.serve(metrics.watchHttp(application.listener), publicUrl);
  metrics.measure({ calls: running.calls, admission, stores, queueAgeMs: telephony.queueAgeMs, steadyClock });
  await metrics.serve(config, { shutdown, log });
  const sweeper = new Sweeper({ stores, tokenUses: application.tokenUses, clock, steadyClock, log });
  shutdown.add(() => sweeper.close());
  // Withdrawn after the calls have ended: they come first.
  const { listeners: listen } = telephony;
  const registrar = sipServerOf({ sip: { ...config.sip, listen } });
  await stores.serviceAddresses.announce({ publicUrl, registrar, sip: listen.map(sipAddress) });
  shutdown.add(() => stores.serviceAddresses.withdraw());
  shutdown.add(() => application.closeEvents());
  shutdown.add(running.close);
  shutdown.add(jobs.close);
  // Only now: whatever fails after it has begun is closed again.
  await jobs.start();
  return { publicUrl, sip: telephony.listeners, log };
};

/**
 * Builds the service and starts it; resolves when calls can be placed.
 * @throws Error of the part that could not start; everything that was opened before it is closed again
 */
export const startService = async (config: Config): Promise<RunningService> => {
  const log = createPinoLog(config.logLevel, process.stdout, { format: config.logFormat, colours: config.logColours });
  const shutdown = new Shutdown(log);
  try {
    const running = await start(config, log, shutdown);
    return { ...running, stop: () => shutdown.run() };
  } catch (error) {
    await shutdown.run();
    throw error;
  }
};

/** Where a listener is reached, as an address. */
export const sipAddress = ({ protocol, host, port }: LocalAddress): string =>
  `sip:${hostInUrl(host)}:${port};transport=${protocol}`;
