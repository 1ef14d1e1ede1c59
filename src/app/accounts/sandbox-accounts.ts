import { type ClientDescription, describedClient } from '../../oauth/clients/client-description.ts';
import { type Client, DEVICE_CODE_GRANT } from '../../oauth/model/account-stores.ts';
import type { Role } from '../../oauth/model/permissions.ts';
import { hashSecret, type PasswordHasher } from '../../oauth/model/secrets.ts';
import type { OAuthStores } from '../../oauth/model/stores.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';

export interface SandboxAccountsOptions {
  readonly stores: OAuthStores;
  readonly hasher: PasswordHasher;
  readonly publicUrl: string;
  readonly clock: WallClock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** Their passwords are their names. */
const users: readonly { readonly username: string; readonly role: Role }[] = [
  { username: 'demo', role: 'user' },
  { username: 'operator', role: 'operator' },
  { username: 'admin', role: 'admin' },
];

const DAY_SECONDS = 86_400;

const publicSecret = 'demo-secret';

const common = {
  refreshIdleSeconds: 30 * DAY_SECONDS,
  refreshAbsoluteSeconds: 90 * DAY_SECONDS,
  tokenInQuery: 'allowed',
  codeChallenge: 'optional',
  sandbox: true,
} as const;

/** Where a front-end under development listens, at a port of its own choice (RFC 8252 section 7.3). */
const loopback = ['http://127.0.0.1', 'http://[::1]', 'http://127.0.0.1/callback', 'http://[::1]/callback'];

/** Applications that send their user to Offhook and are sent back to the test page. */
const redirectedClients = (publicUrl: string): readonly ClientDescription[] => {
  const redirectUris = [`${publicUrl}/test`];
  return [
    {
      ...common,
      id: 'demo-app',
      name: 'Demo application',
      type: 'confidential',
      redirectUris,
      responseTypes: ['code', 'token'],
      grantTypesByGet: ['authorization_code'],
      scopes: ['call', 'operator'],
      defaultScopes: ['call'],
    },
    {
      ...common,
      id: 'demo-js',
      name: 'Demo front-end',
      type: 'public',
      redirectUris: [...redirectUris, ...loopback],
      responseTypes: ['code', 'token'],
    },
    {
      ...common,
      id: 'demo-tests',
      name: 'Demo test runner',
      type: 'confidential',
      redirectUris,
      scopes: ['public'],
      accessTokenSeconds: 7200,
    },
  ];
};

/** Clients that get their tokens without a redirect. */
const otherClients: readonly ClientDescription[] = [
  {
    ...common,
    id: 'demo-password',
    name: 'Demo of the password grant',
    type: 'confidential',
    redirectUris: [],
    responseTypes: [],
    grantTypes: ['password', 'refresh_token'],
    grantTypesByGet: ['password'],
    scopes: ['read', 'write'],
    accessTokenSeconds: DAY_SECONDS,
  },
  {
    ...common,
    id: 'demo-device',
    name: 'Demo desk phone',
    type: 'public',
    redirectUris: [],
    responseTypes: [],
    grantTypes: [DEVICE_CODE_GRANT, 'refresh_token'],
  },
];

const sandboxClient = (description: ClientDescription): Client =>
  describedClient(description, {
    secretHash: description.type === 'public' ? null : hashSecret(publicSecret),
    createdAt: 0,
  });

/**
 * Makes the well-known users and clients of the sandbox where they are missing. An account of that name that was made
 * outside the sandbox is left alone.
 */
export const ensureSandboxAccounts = async (options: SandboxAccountsOptions): Promise<void> => {
  const { stores, publicUrl, log } = options;
  await Promise.all(users.map((user) => ensureUser(options, user)));
  for (const client of [...redirectedClients(publicUrl), ...otherClients].map(sandboxClient)) {
    const existing = await stores.clients.find(client.id);
    if (existing === undefined || existing.sandbox) await stores.clients.save(client);
    else log.warn({ client: client.id }, 'a client of your own has the name of a sandbox client, which is not made');
  }
};

const ensureUser = async (
  { stores, hasher, clock, ids, log }: SandboxAccountsOptions,
  { username, role }: (typeof users)[number],
): Promise<void> => {
  const existing = await stores.users.findByUsername(username);
  if (existing?.sandbox === false) {
    log.warn({ username }, 'a user of your own has the name of a sandbox user, which is not made');
  }
  if (existing !== undefined) return;
  await stores.users.insert({
    id: ids.random(128),
    username,
    passwordHash: await hasher.hash(username),
    role,
    status: 'active',
    sandbox: true,
    createdAt: clock.now(),
  });
};
