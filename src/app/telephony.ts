import { isIP } from 'node:net';
import { type Config, hostInUrl } from '../config/config.ts';
import { Routes } from '../engines/sip/call/routes.ts';
import type { SipTrunk } from '../engines/sip/call/trunk-dialect.ts';
import type { DigitPorts } from '../engines/sip/media/extension-dialler.ts';
import { Prompter } from '../engines/sip/media/prompter.ts';
import { SipCallEngine } from '../engines/sip/sip-engine.ts';
import type { AnalysisThread } from '../media/analysis/analysis-thread.ts';
import { MediaPort } from '../media/media-port.ts';
import { RtpEndpoint } from '../media/rtp-endpoint.ts';
import { TestPhoneMedia } from '../media/test-phone/test-phone-media.ts';
import type { Clock, WallClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { bracketless } from '../shared/loopback.ts';
import { reachableHost } from '../shared/reachable-host.ts';
import { DigestServer } from '../sip/auth/digest-server.ts';
import { parseUri } from '../sip/message/uri.ts';
import { Registrar } from '../sip/registrar/registrar.ts';
import { type LocalAddress, SipStack } from '../sip/sip-stack.ts';
import type { DigestCredentials } from '../sip/user-agent.ts';
import { deriveKey } from '../storage/secret-key.ts';
import type { Stores } from '../storage/stores.ts';
import { startDemoCarrier, startDemoPhone } from './sandbox.ts';
import type { Shutdown } from './shutdown.ts';
import { issueSipAccount, sipRealm } from './sip-accounts.ts';
import { openTrunks, routesOf, trunkServices, watchTrunk } from './trunks.ts';

export interface TelephonyParts {
  readonly config: Config;
  readonly stores: Stores;
  readonly secretKey: Buffer;
  /** Measures what test calls heard. */
  readonly analysis: AnalysisThread;
  readonly clock: Clock;
  /** Dates registrations of phones and the nonces of their challenges: no step of the wall clock may end or lengthen them. */
  readonly steadyClock: WallClock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly shutdown: Shutdown;
}

export interface Telephony {
  readonly engine: SipCallEngine;
  /** As bound: port 0 has become a real port. */
  readonly listeners: readonly LocalAddress[];
  /** How long what peers send waits now before it is read, in milliseconds. */
  readonly queueAgeMs: () => number;
}

/** The calls were waited for before: what is left does not answer. */
const GRACE_MS = 500;
const DEMO_ACCOUNT = 'demo';

/** Where our media are bound, and which address our SDP and our From show. */
const mediaHosts = ({ rtp, sip }: Config): { readonly bound: string; readonly shown: string } => {
  const bound = rtp.host ?? sip.listen[0]?.host ?? '127.0.0.1';
  return { bound, shown: sip.advertise ?? reachableHost(bound) };
};

const phoneCredentialsOf = ({ phones }: Config['settings']): ReadonlyMap<string, DigestCredentials> =>
  new Map(phones.flatMap(({ address, credentials }) => (credentials === undefined ? [] : [[address, credentials]])));

const startOwnPhone = async (
  parts: TelephonyParts,
  listeners: readonly LocalAddress[],
  domain: string,
): Promise<void> => {
  const user = await parts.stores.users.findByUsername(DEMO_ACCOUNT);
  const udp = listeners.find(({ protocol }) => protocol === 'udp');
  if (user?.sandbox !== true || udp === undefined) return;
  await parts.stores.phoneBook.removePhone(user.id, DEMO_ACCOUNT);
  const password = await issueSipAccount(parts, { userId: user.id, account: DEMO_ACCOUNT });
  const { clock, ids, log, shutdown } = parts;
  const registrarPort = udp.port;
  await startDemoPhone({ account: DEMO_ACCOUNT, password, registrarPort, domain, clock, ids, log, shutdown });
};

/** Takes REGISTER from the phones of users. */
const startRegistrar = async (stack: SipStack, parts: TelephonyParts): Promise<Registrar> => {
  const { config, stores, secretKey, clock, steadyClock, ids, log } = parts;
  const key = deriveKey(secretKey, 'digest nonces');
  const { digest_algorithms: algorithms } = config.settings;
  const digest = new DigestServer({
    realm: sipRealm,
    credentials: stores.credentials,
    algorithms,
    key,
    clock: steadyClock,
    ids,
  });
  const store = stores.bindings;
  const onRegistered = stack.know.bind(stack);
  const registrar = new Registrar({ store, digest, clock: steadyClock, timers: clock, ids, log, onRegistered });
  // Those that registered with the process before.
  for (const flow of await store.flows(steadyClock.now())) stack.know(flow);
  stack.userAgent.handle('REGISTER', registrar.handle);
  return registrar;
};

/** The hosts of the settings that are addresses; one that is a name is known when it was asked for and called. */
const ownPeers = ({ trunks, phones }: Config['settings']): readonly string[] => {
  const ofPhones = phones.map(({ address }) => parseUri(address)).map((uri) => (uri.scheme === 'tel' ? '' : uri.host));
  return [...trunks.map(({ host }) => host), ...ofPhones.map(bracketless)].filter((host) => isIP(host) !== 0);
};

const openStack = ({ config: { sip, settings }, clock, ids, log }: TelephonyParts): SipStack =>
  new SipStack({
    listeners: sip.listen,
    advertise: sip.advertise,
    contactUser: 'offhook',
    serverName: 'Offhook',
    clock,
    ids,
    log,
    requestsPerSecond: settings.limits.sip_requests_per_second_per_address,
    connections: settings.limits.sip_connections,
    connectionsPerAddress: settings.limits.sip_connections_per_address,
    peers: ownPeers(settings),
    sessionExpiresSeconds: settings.sip.session_expires_seconds,
  });

const openPrompter = async ({ config, clock, ids, log, shutdown }: TelephonyParts): Promise<Prompter> => {
  const { bound, shown } = mediaHosts(config);
  const { ports } = config.rtp;
  const media = await MediaPort.open({ host: bound, ...(ports && { port: ports }), clock, ids, log });
  shutdown.add(() => media.close());
  return new Prompter({ media, address: shown });
};

/** Their thread is started by the first test call. */
const openTestPhones = ({ config, analysis, log, shutdown }: TelephonyParts): TestPhoneMedia => {
  const { bound } = mediaHosts(config);
  const { ports } = config.rtp;
  const media = new TestPhoneMedia({ host: bound, ...(ports && { port: ports }), analysis, log });
  shutdown.add(() => media.close());
  return media;
};

/** Ports of calls to an extension, for as long as its digits are dialled. */
const digitPortsOf = ({ config, clock, ids, log }: TelephonyParts): DigitPorts => {
  const { bound: host } = mediaHosts(config);
  const { ports } = config.rtp;
  return { open: () => RtpEndpoint.open({ host, ...(ports && { port: ports }), clock, ids, log, send: 'silence' }) };
};

/** Opens SIP and media, and starts the sandbox's carrier and phone where they are wanted. */
export const startTelephony = async (parts: TelephonyParts): Promise<Telephony> => {
  const { config, clock, log, shutdown } = parts;
  const { settings, sandbox } = config;
  const prompter = await openPrompter(parts);
  const domain = hostInUrl(prompter.address);
  const needsCarrier = sandbox && settings.trunks.length === 0;
  const own = openTrunks(settings, parts);
  const trunks: readonly SipTrunk[] = needsCarrier ? [watchTrunk(await startDemoCarrier(parts), parts)] : own;
  const stack = openStack(parts);
  const { userAgent } = stack;
  const registrar = await startRegistrar(stack, parts);
  const engine = new SipCallEngine({
    userAgent,
    routes: new Routes({
      trunks,
      routes: routesOf(settings, own),
      ids: parts.ids,
      bindings: registrar,
      domain,
      phoneCredentials: phoneCredentialsOf(settings),
      answeringPhones: new Set(settings.phones.filter(({ autoAnswer }) => autoAnswer).map(({ address }) => address)),
    }),
    prompter,
    digitPorts: digitPortsOf(parts),
    testPhones: openTestPhones(parts),
    services: [stack, ...trunkServices(own, userAgent, parts)],
    clock,
    log,
    busyToneMs: settings.busy_tone_ms,
    redirectHosts: new Set(settings.sip.redirect_hosts),
    graceMs: GRACE_MS,
  });
  await engine.start();
  shutdown.add(() => engine.stop());
  const hasOwnPhone = settings.phones.some(({ user }) => user === DEMO_ACCOUNT);
  if (sandbox && !hasOwnPhone) await startOwnPhone(parts, stack.listeners, domain);
  return { engine, listeners: stack.listeners, queueAgeMs: () => stack.queueAgeMs };
};
