import type { RequestListener } from 'node:http';
import { composeHistory } from '../../src/app/history.ts';
import { CallAdmission } from '../../src/calls/call-admission.ts';
import { type CallRateLimits, createCallRates } from '../../src/calls/call-rates.ts';
import { CallFeed } from '../../src/calls/feed/call-feed.ts';
import { CallWaits } from '../../src/features/events/call-waits.ts';
import { FeedTail } from '../../src/features/events/feed-tail.ts';
import { Places } from '../../src/features/events/places.ts';
import { type AppDeps, createApp } from '../../src/http/app.ts';
import { InvalidTokenError } from '../../src/oauth/model/errors.ts';
import { permissionsOf, type Role, type Scope } from '../../src/oauth/model/permissions.ts';
import type { Principal, TokenReview, TokenTransport, TokenVerifier } from '../../src/oauth/request/principal.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import type { Log } from '../../src/shared/log.ts';
import { type CallWorld, createCallWorld } from './call-world.ts';

export const PUBLIC_URL = 'http://localhost:8888';

interface LogLine {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface CallApi extends CallWorld {
  readonly app: RequestListener;
  readonly logged: LogLine[];
  readonly verifier: TokenVerifier;
  /** How each accepted token came. */
  readonly transports: TokenTransport[];
  /** Another app over the same calls. */
  createApp(changes?: Partial<AppDeps>): RequestListener;
}

const principal = (username: string, role: Role, scopes: readonly Scope[]): Principal => ({
  kind: 'user',
  userId: `user-${username}`,
  username,
  role,
  clientId: 'demo-app',
  scopes,
  permissions: permissionsOf(scopes, role),
  familyId: 'family',
  ...{
    expiresAt: Number.MAX_SAFE_INTEGER,
    reviewKey: { tokenHash: `${username} ${scopes.join(' ')}`, route: 'direct' },
  },
  tokenId: `token of ${username} for ${scopes.join(' ')}`,
});

const application = (clientId: string, grantors: readonly string[] | undefined): Principal => ({
  ...{ kind: 'client', clientId, scopes: grantors === undefined ? ['call'] : ['application'], familyId: 'family' },
  tokenId: `token of ${clientId} for ${String(grantors)}`,
  ...{ expiresAt: Number.MAX_SAFE_INTEGER, reviewKey: { tokenHash: clientId, route: 'direct' } },
  grantors: grantors && new Set(grantors),
});

/** The tokens that are valid, by name. */
const principals: Readonly<Record<string, Principal>> = {
  'demo-call': principal('demo', 'user', ['call']),
  'demo-read': principal('demo', 'user', ['read']),
  'demo-write': principal('demo', 'user', ['write']),
  'demo-public': principal('demo', 'user', ['public']),
  'demo-operator': principal('demo', 'user', ['call', 'operator']),
  'alice-call': principal('alice', 'user', ['call']),
  'operator-all': principal('operator', 'operator', ['call', 'operator']),
  'operator-only': principal('operator', 'operator', ['operator']),
  'app-call': application('demo-app', undefined),
  'app-application': application('demo-app', ['user-demo']),
  'other-application': application('other-app', ['user-demo']),
};

/** The HTTP face of the calls, over a real journal and an engine that does what the test says. */
export const createCallApi = async (limits: Partial<CallRateLimits> = {}): Promise<CallApi> => {
  const world = await createCallWorld();
  for (const username of ['demo', 'alice', 'operator']) await world.addUser(username);
  const logged: LogLine[] = [];
  const write = (fields: object, message: string): void =>
    void logged.push({ fields: fields as LogLine['fields'], message });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const transports: TokenTransport[] = [];
  const verifier: TokenVerifier = {
    verify: ({ token, transport, route }) => {
      const found = principals[token];
      if (found === undefined || route !== 'direct') return Promise.reject(new InvalidTokenError());
      transports.push(transport);
      return Promise.resolve(found);
    },
  };
  const review: TokenReview = {
    review: ({ tokenHash }) => {
      const found = Object.values(principals).find(({ reviewKey }) => reviewKey.tokenHash === tokenHash);
      return found === undefined ? Promise.reject(new InvalidTokenError()) : Promise.resolve(found);
    },
  };
  const rates = createCallRates({ callsPerSecondPerToken: 0, readsPerSecondPerToken: 0, ...limits }, world.clock);
  const { calls, stores, clock } = world;
  const common = { calls, stores, verifier, rates, clock, publicUrl: PUBLIC_URL };
  const history = composeHistory({ ...common, homeCountry: 'US', secretKey: stores.secretKey });
  await stores.feed.begin('the file', 'epoch');
  const feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock, log });
  calls.on('changed', () => feed.hint());
  const places = new Places({ perGrant: 2, inAll: 4, reservedForOperators: 1 });
  const changes = new CallWaits({ tail: new FeedTail({ feed, clock }), places, clock });
  const waits = { changes, review };
  const deps: AppDeps = {
    publicUrl: PUBLIC_URL,
    calls: world.calls,
    verifier,
    rates,
    admission: new CallAdmission({ clock: world.clock, log, signallingDelayMs: () => 0 }),
    clock: world.clock,
    ids: createSystemIds(),
    log,
    trustedProxies: [],
    hosts: 'any',
    readiness: () => ({ status: world.engine.state === 'running' ? 'ready' : 'not ready' }),
    directRoutes: [history.directRoute],
    reads: history.reads,
    waits,
    routers: [],
    pageErrors: (error, _request, _response, next) => next(error),
  };
  const build = (changes: Partial<AppDeps> = {}): RequestListener => createApp({ ...deps, ...changes });
  return { ...world, app: build(), logged, verifier, transports, createApp: build };
};
