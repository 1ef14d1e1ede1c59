import type { CallEvent, CallFact } from '../../src/calls/call-events.ts';
import type { CallRecord, LegRecord } from '../../src/calls/call-record.ts';
import type { LegRole } from '../../src/calls/call-state.ts';
import type { IdempotencyRecord } from '../../src/calls/call-store.ts';
import type { Client, User } from '../../src/oauth/model/account-stores.ts';
import type { AuthorizationCode, DeviceGrant } from '../../src/oauth/model/grant-stores.ts';
import type { IssuedTokens, KeptAnswer, TokenFamily } from '../../src/oauth/model/token-stores.ts';

/** A time at which everything in these records was made, unless it says otherwise. */
export const NOON = Date.parse('2026-01-01T12:00:00Z');
export const HOUR = 60 * 60 * 1000;

export const aLeg = (role: LegRole, changes: Partial<LegRecord> = {}): LegRecord => ({
  role,
  address: role === 'caller' ? 'sip:demo@127.0.0.1' : '+12025550100',
  state: 'created',
  sipStatus: null,
  q850Cause: null,
  reason: null,
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
  ...changes,
});

export const aCall = (tokenCall: string, changes: Partial<CallRecord> = {}): CallRecord => ({
  tokenCall,
  userId: 'user-1',
  username: 'demo',
  clientId: 'app',
  number: '+12025550100',
  owner: { nodeId: 'node-1', epoch: 1 },
  sequence: 1,
  state: 'created',
  outcome: null,
  endedBy: null,
  endedLeg: null,
  createdAt: NOON,
  purpose: 'talk',
  answeredAt: null,
  connectedAt: null,
  endedAt: null,
  talkMs: null,
  legs: [aLeg('caller'), aLeg('callee')],
  ...changes,
});

/** The first event of `aCall`. */
const created: CallFact = {
  name: 'call.created',
  payload: { callerId: null, callerAddress: 'sip:demo@127.0.0.1', calleeAddress: '+12025550100' },
};

export const anEvent = (sequence: number, fact: CallFact = created): CallEvent => ({
  ...fact,
  sequence,
  at: NOON + sequence,
});

export const aKey = (key: string, tokenCall: string, changes: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
  key,
  tokenCall,
  userId: 'user-1',
  clientId: 'app',
  fingerprint: 'fingerprint',
  ...changes,
});

export const aUser = (id: string, changes: Partial<User> = {}): User => ({
  id,
  username: `name of ${id}`,
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
  role: 'user',
  status: 'active',
  sandbox: false,
  createdAt: NOON,
  ...changes,
});

export const aClient = (id: string, changes: Partial<Client> = {}): Client => ({
  id,
  name: `<b>${id}</b>`,
  secretHash: 'hash of a secret',
  formerSecret: null,
  redirectUris: ['http://localhost:8888/test', 'https://app.example/cb?a=1'],
  responseTypes: ['code', 'token'],
  grantTypes: ['authorization_code', 'refresh_token'],
  grantTypesByGet: ['authorization_code'],
  scopes: ['call', 'read'],
  defaultScopes: ['call'],
  accessTokenSeconds: 3600,
  refreshIdleSeconds: 86_400,
  refreshAbsoluteSeconds: 864_000,
  tokenInQuery: 'allowed',
  codeChallenge: 'optional',
  tokenFormat: 'opaque',
  tokenBinding: 'on-request',
  kind: 'application',
  ownerId: null,
  status: 'active',
  sandbox: false,
  createdAt: NOON,
  ...changes,
});

export const aFamily = (id: string, changes: Partial<TokenFamily> = {}): TokenFamily => ({
  id,
  clientId: 'app',
  userId: 'user-1',
  scopes: ['call', 'read'],
  createdAt: NOON,
  expiresAt: NOON + 24 * HOUR,
  ...changes,
});

/** An access token `<name>-access` for an hour and a refresh token `<name>-refresh` for two. */
export const tokensOf = (familyId: string, name: string): IssuedTokens => {
  const token = { familyId, dpopKey: null, createdAt: NOON };
  return {
    access: { ...token, hash: `${name}-access`, scopes: ['call'], expiresAt: NOON + HOUR },
    refresh: { ...token, hash: `${name}-refresh`, expiresAt: NOON + 2 * HOUR },
  };
};

/** What is kept of the answer that gave `tokensOf` the name, for ten seconds. */
export const answerOf = (name: string, at = NOON): KeptAnswer => ({ sealed: `sealed ${name}`, expiresAt: at + 10_000 });

export const aCode = (hash: string, changes: Partial<AuthorizationCode> = {}): AuthorizationCode => ({
  hash,
  familyId: `family of ${hash}`,
  clientId: 'app',
  userId: 'user-1',
  redirectUri: 'http://localhost:8888/test',
  redirectUriFrom: 'request',
  scopes: ['call', 'read'],
  codeChallenge: 'challenge',
  dpopKey: null,
  createdAt: NOON,
  expiresAt: NOON + 60_000,
  ...changes,
});

/** Device code and user code are the hashes `<name>-device` and `<name>-user`. */
export const aDeviceGrant = (name: string, changes: Partial<DeviceGrant> = {}): DeviceGrant => ({
  deviceCodeHash: `${name}-device`,
  userCodeHash: `${name}-user`,
  familyId: `family of ${name}`,
  clientId: 'app',
  scopes: ['call', 'read'],
  createdAt: NOON,
  expiresAt: NOON + 600_000,
  ...changes,
});

/** How many of the values are equal to `value`. */
export const count = (values: readonly unknown[], value: unknown): number =>
  values.filter((candidate) => candidate === value).length;

/** How a write ended. A driver's own errors come from outside the realm of the test: they cannot be matched as errors. */
export const outcomeOf = (write: Promise<unknown>): Promise<'fulfilled' | 'rejected'> =>
  write.then(
    () => 'fulfilled',
    () => 'rejected',
  );
