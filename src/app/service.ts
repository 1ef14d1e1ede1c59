import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AddressInfo } from 'node:net';
import { ensureBuiltInClient } from './built-in-client.ts';
import { CallPolicy } from '../calls/call-policy.ts';
import { type CallRates, createCallRates } from '../calls/call-rates.ts';
import { CallService } from '../calls/call-service.ts';
import { startTelephony } from './telephony.ts';
import { composeAuthorization } from './authorization.ts';
import { createAdministration, type OAuthAdministration } from '../oauth/administration.ts';
import type { Authorization } from '../oauth/authorization.ts';
import { composeWeb } from './web.ts';
import { type Config, hostInUrl } from '../config/config.ts';
import { ConfiguredPhones } from './configured-phones.ts';
import { configureClients } from './configured-clients.ts';
import { createApp } from '../http/app.ts';
import { createPasswordHasher } from '../oauth/model/secrets.ts';
import { createPinoLog } from './pino-log.ts';
import { ensureSandboxAccounts } from './sandbox-accounts.ts';
import { systemClock, type Timer } from '../shared/clock.ts';
import { createSystemIds, type IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { Shutdown } from './shutdown.ts';
import type { LocalAddress } from '../sip/transport/transport.ts';
import { type DatabaseOptions, openDatabase } from '../storage/database.ts';
import { deriveKey, loadSecretKey } from '../storage/secret-key.ts';
import { createStores, type Stores } from '../storage/stores.ts';

export { issueSipAccount } from './sip-accounts.ts';

/** A service that runs. */
export interface RunningService {
  readonly publicUrl: string;
  readonly sip: readonly LocalAddress[];
  readonly log: Log;
  /** Takes no more calls, ends what is ongoing and waits for it, then closes everything. Idempotent. */
  readonly stop: () => Promise<void>;
}

/** What administers the service from beside it: the same database, no listeners. */
export interface Administration extends OAuthAdministration {
  readonly stores: Stores;
  readonly ids: IdSource;
  readonly close: () => Promise<void>;
}

type Pace = Pick<DatabaseOptions, 'commitPauseMs' | 'checkpointEveryMs'>;

/** A commit waits 0.25 ms for the disk and costs 0.13 ms of processor time: a hundred a second are not felt. */
const SERVICE_PACE: Pace = { commitPauseMs: 10, checkpointEveryMs: 1000 };
const SWEEP_EVERY_MS = 60_000;
/** How long a reply that has begun may take once the service ends. */
const HTTP_GRACE_MS = 1000;

/** The folder of package.json, from the sources and from the build. */
const projectRoot = (): string => {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
};

const clock = systemClock;

interface Storage {
  readonly stores: Stores;
  readonly secretKey: Buffer;
  readonly close: () => Promise<void>;
}

/** Opens the database, made and brought up to date where needed. */
const openStorage = async (config: Config, log: Log, pace: Pace = {}): Promise<Storage> => {
  const secretKey = loadSecretKey(config.secretFile);
  const database = await openDatabase({ url: config.databaseUrl, clock, log, ...pace });
  return {
    secretKey,
    stores: createStores({ database, clock, secretKey, sandboxAccounts: config.sandbox ? 'accepted' : 'refused' }),
    close: () => database.close(),
  };
};

/**
 * Commits never pause: the timers of the system clock would not keep a command alive.
 * @throws DatabaseUrlError, DatabaseFileError, DatabaseTooNewError, SecretFileError
 */
export const openAdministration = async (config: Config): Promise<Administration> => {
  const ids = createSystemIds();
  const log = createPinoLog('warn');
  const { stores, close } = await openStorage(config, log);
  const administration = createAdministration({ stores, hasher: createPasswordHasher(), clock, ids, log });
  return { ...administration, stores, ids, close };
};

const refuseWhileStarting: RequestListener = (_request, response) => {
  response.writeHead(503, { 'retry-after': '1' }).end();
};

/** Takes the port before anything is written: of two that are started on one, the second changes nothing. */
const listen = async ({ http }: Config, log: Log): Promise<{ server: Server; port: number }> => {
  const server = createServer(refuseWhileStarting);
  server.listen(http.port, http.host);
  await once(server, 'listening');
  server.on('error', (error) => log.error({ err: error }, 'the HTTP listener has a fault'));
  return { server, port: (server.address() as AddressInfo).port };
};

const closeServer = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const limit = clock.setTimer(HTTP_GRACE_MS, () => server.closeAllConnections());
  await closed;
  limit.cancel();
};

interface SweepParts {
  readonly log: Log;
  readonly shutdown: Shutdown;
}

/** Forgets what is over, and writes what was noted in between. */
const sweepRegularly = (stores: Stores, { tokenUses }: Authorization, { log, shutdown }: SweepParts): void => {
  const sweepLater = (): Timer => clock.setTimer(SWEEP_EVERY_MS, () => void sweepNow());
  const sweepNow = async (): Promise<void> => {
    try {
      await tokenUses.flush();
      await stores.sweep(clock.now());
    } catch (error) {
      log.error({ err: error }, 'expired rows could not be deleted');
    }
    timer = sweepLater();
  };
  let timer = sweepLater();
  shutdown.add(() => timer.cancel());
  shutdown.add(() => tokenUses.flush());
};

/** The policy of the settings, in the words of the call domain. */
const policyOf = ({ settings: { policy } }: Config): CallPolicy =>
  new CallPolicy({
    homeCountry: policy.home_country,
    allowedCountries: policy.allowed_countries,
    barredPrefixes: policy.barred_prefixes,
    maxOngoingCallsPerUser: policy.max_ongoing_calls_per_user,
    maxOngoingCalls: policy.max_ongoing_calls,
  });

const ratesOf = ({ settings: { limits } }: Config): CallRates =>
  createCallRates(
    {
      callsPerSecondPerToken: limits.calls_per_second_per_token,
      readsPerSecondPerToken: limits.reads_per_second_per_token,
    },
    clock,
  );

const start = async (config: Config, log: Log, shutdown: Shutdown): Promise<Omit<RunningService, 'stop'>> => {
  const ids = createSystemIds();
  const { settings } = config;
  const { stores, secretKey, close } = await openStorage(config, log, SERVICE_PACE);
  shutdown.add(close);
  const { server, port } = await listen(config, log);
  shutdown.add(() => closeServer(server));
  const publicUrl = config.publicUrl ?? `http://localhost:${port}`;

  const hasher = createPasswordHasher();
  const parts = { config, sandbox: config.sandbox, publicUrl, stores, secretKey, hasher, clock, ids, log, shutdown };
  if (config.sandbox) await ensureSandboxAccounts({ ...parts, stores });
  await ensureBuiltInClient(stores);
  await configureClients(createAdministration({ stores, hasher, clock, ids, log }).clients, settings.clients);
  const telephony = await startTelephony(parts);

  const phones = new ConfiguredPhones(stores.phones, settings.phones);
  const calls = new CallService({
    ...parts,
    store: stores.calls,
    engine: telephony.engine,
    phones,
    policy: policyOf(config),
  });
  const abandoned = await calls.recover();
  if (abandoned > 0) log.warn({ calls: abandoned }, 'calls that a crash left open were closed in the journal');

  let readiness: 'ready' | 'stopping' = 'ready';
  const authorization = composeAuthorization({
    ...parts,
    firstPartyClientId: settings.first_party_client ?? (config.sandbox ? 'demo-tests' : undefined),
    tokenRequestsPerSecondPerClient: settings.limits.token_requests_per_second_per_client,
  });
  const cookieSecret = deriveKey(secretKey, 'session cookie').toString('base64url');
  const viewsDirectory = join(projectRoot(), 'views');
  const web = composeWeb({ ...parts, authorization, cookieSecret, viewsDirectory });
  const app = createApp({
    ...{ publicUrl, calls, verifier: authorization.tokenVerifier, rates: ratesOf(config), clock, log, ...web },
    trustedProxies: config.http.trustedProxies,
    hosts: config.sandbox ? 'loopback' : 'any',
    isReady: () => readiness === 'ready',
  });
  server.off('request', refuseWhileStarting).on('request', app);
  sweepRegularly(stores, authorization, { log, shutdown });
  shutdown.add(async () => {
    readiness = 'stopping';
    await calls.close();
  });
  return { publicUrl, sip: telephony.listeners, log };
};

/**
 * Builds the service and starts it; resolves when calls can be placed.
 * @throws what kept a part from starting; everything that was opened before it is closed again
 */
export const startService = async (config: Config): Promise<RunningService> => {
  const log = createPinoLog(config.logLevel);
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
