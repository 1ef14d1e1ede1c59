import { composeSipStack, type SipParts } from './compose-sip.ts';
import { startDemoCarrier, startDemoPhone } from './compose-sandbox.ts';
import type { Config } from './config.ts';
import { Prompter } from './engines/sip/prompter.ts';
import { Routes, type SipTrunk, type TrunkRoute } from './engines/sip/routes.ts';
import { SipCallEngine, type EngineService } from './engines/sip/sip-engine.ts';
import { MediaPort } from './media/media-port.ts';
import type { Trunk } from './settings.ts';
import { reachableHost } from './shared/reachable-host.ts';
import type { Shutdown } from './shutdown.ts';
import { DigestServer } from './sip/auth/digest-server.ts';
import { Registrar } from './sip/registrar/registrar.ts';
import { Registration } from './sip/registrar/registration.ts';
import type { LocalAddress } from './sip/transport/transport.ts';
import type { UserAgent } from './sip/user-agent.ts';
import { deriveKey } from './storage/secret-key.ts';
import type { Stores } from './storage/stores.ts';
import { issueSipAccount, sipRealm } from './compose-sip-accounts.ts';

export interface TelephonyParts extends SipParts {
  readonly config: Config;
  readonly stores: Stores;
  readonly secretKey: Buffer;
  readonly shutdown: Shutdown;
}

export interface Telephony {
  readonly engine: SipCallEngine;
  /** As bound: port 0 has become a real port. */
  readonly listeners: readonly LocalAddress[];
}

const GRACE_MS = 5000;
const DEMO_ACCOUNT = 'demo';

/** Where our media are bound, and which address our SDP and our From show. */
const mediaHosts = ({ rtp, sip }: Config): { readonly bound: string; readonly shown: string } => {
  const bound = rtp.host ?? sip.listen[0]?.host ?? '127.0.0.1';
  return { bound, shown: sip.advertise ?? reachableHost(bound) };
};

const routesOf = ({ settings }: Config): readonly TrunkRoute[] =>
  settings.routes.map(({ prefix, trunks }) => ({
    prefix,
    trunks: trunks.flatMap((name) => settings.trunks.filter((trunk) => trunk.name === name)),
  }));

const trunkRegistration = (trunk: Trunk, userAgent: UserAgent, parts: TelephonyParts): EngineService[] => {
  const { credentials, name, uri } = trunk;
  if (!trunk.register || credentials === undefined) return [];
  const registrar = uri.replace(/^(sips?:)[^@]*@/i, '$1');
  const account = registrar.replace(/^(sips?:)/i, `$1${credentials.username}@`).replace(/;.*$/, '');
  const registration = new Registration({ ...parts, userAgent, registrar, account, credentials });
  registration.on('failed', (status) => parts.log.warn({ trunk: name, status }, 'a trunk refuses our registration'));
  const start = (): Promise<void> => {
    // Calls do not wait for a trunk that is slow to answer: it is tried again until it does.
    void registration.start();
    return Promise.resolve();
  };
  return [{ start, close: () => registration.close() }];
};

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
  await startDemoPhone({ ...parts, account: DEMO_ACCOUNT, password, registrarPort: udp.port, domain });
};

/** Opens SIP and media, and starts the sandbox's carrier and phone where they are wanted. */
export const startTelephony = async (parts: TelephonyParts): Promise<Telephony> => {
  const { config, stores, clock, ids, log, shutdown, secretKey } = parts;
  const { settings, sandbox } = config;
  const hosts = mediaHosts(config);
  const media = await MediaPort.open({
    host: hosts.bound,
    ...(config.rtp.ports && { port: config.rtp.ports }),
    clock,
    ids,
    log,
  });
  shutdown.add(() => media.close());
  const ownTrunks = settings.trunks.length > 0;
  const trunks: readonly SipTrunk[] = sandbox && !ownTrunks ? [await startDemoCarrier(parts)] : settings.trunks;

  const { sip } = config;
  const stack = composeSipStack({
    ...parts,
    listeners: sip.listen,
    advertise: sip.advertise,
    contactUser: 'offhook',
    serverName: 'Offhook',
  });
  const { userAgent, transport, transactions } = stack;
  const key = deriveKey(secretKey, 'digest nonces');
  const digest = new DigestServer({ realm: sipRealm, credentials: stores.credentials, key, clock, ids });
  const registrar = new Registrar({ store: stores.bindings, digest, clock, ids, log });
  userAgent.handle('REGISTER', registrar.handle);
  shutdown.add(() => registrar.close());

  const bindingsOf = (account: string) => registrar.locate(account);
  const engine = new SipCallEngine({
    userAgent,
    routes: new Routes({ trunks, routes: routesOf(config), bindingsOf, domain: hosts.shown }),
    prompter: new Prompter({ media, address: hosts.shown }),
    services: [
      { start: () => transport.start(), close: () => transport.close() },
      {
        start: () => Promise.resolve(),
        close: () => {
          transactions.close();
          return Promise.resolve();
        },
      },
      ...settings.trunks.flatMap((trunk) => trunkRegistration(trunk, userAgent, parts)),
    ],
    clock,
    log,
    busyToneMs: settings.busy_tone_ms,
    graceMs: GRACE_MS,
  });
  await engine.start();
  shutdown.add(() => engine.stop());
  const hasOwnPhone = settings.phones.some(({ user }) => user === DEMO_ACCOUNT);
  if (sandbox && !hasOwnPhone) await startOwnPhone(parts, transport.listeners, hosts.shown);
  return { engine, listeners: transport.listeners };
};
