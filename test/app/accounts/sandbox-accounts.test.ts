import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureSandboxAccounts } from '../../../src/app/accounts/sandbox-accounts.ts';
import { createUserAdmin } from '../../../src/oauth/accounts/user-admin.ts';
import { createClientAdmin } from '../../../src/oauth/clients/client-admin.ts';
import { hashSecret } from '../../../src/oauth/model/secrets.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { type Log, silentLog } from '../../../src/shared/log.ts';
import { createCheapHasher } from '../../support/cheap-hasher.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const hasher = createCheapHasher();
const ids = createSystemIds();
let stores: TestStores;
let warnings: object[];

beforeEach(async () => {
  stores = await createTestStores();
  warnings = [];
});

afterEach(() => stores.close());

const ensure = (publicUrl = 'http://localhost:8888'): Promise<void> => {
  const log: Log = { ...silentLog, warn: (fields) => warnings.push(fields) };
  return ensureSandboxAccounts({ stores, hasher, publicUrl, clock: stores.clock, ids, log });
};

describe('the accounts of the sandbox', () => {
  it('are demo, operator and admin, whose passwords are their names', async () => {
    await ensure();
    const users = [...(await stores.users.list())].sort((a, b) => a.username.localeCompare(b.username));
    expect(users.map(({ username, role, status, sandbox }) => [username, role, status, sandbox])).toEqual([
      ['admin', 'admin', 'active', true],
      ['demo', 'user', 'active', true],
      ['operator', 'operator', 'active', true],
    ]);
    for (const { username, passwordHash } of users) expect(await hasher.verify(username, passwordHash)).toBe(true);
  });

  it('include the clients of the contract, sent back to the test page', async () => {
    await ensure('https://localhost:8443/voice');
    const loopback = ['http://127.0.0.1', 'http://[::1]', 'http://127.0.0.1/callback', 'http://[::1]/callback'];
    const common = { redirectUris: ['https://localhost:8443/voice/test'], sandbox: true, status: 'active' };
    expect(await stores.clients.find('demo-app')).toMatchObject({
      ...common,
      secretHash: hashSecret('demo-secret'),
      responseTypes: ['code', 'token'],
      grantTypes: ['authorization_code', 'refresh_token'],
      grantTypesByGet: ['authorization_code'],
      scopes: ['call', 'operator'],
      defaultScopes: ['call'],
      accessTokenSeconds: 3600,
    });
    expect(await stores.clients.find('demo-js')).toMatchObject({
      ...{ ...common, redirectUris: [...common.redirectUris, ...loopback] },
      secretHash: null,
      responseTypes: ['code', 'token'],
      grantTypesByGet: [],
      scopes: ['call'],
    });
    expect(await stores.clients.find('demo-tests')).toMatchObject({
      ...common,
      secretHash: hashSecret('demo-secret'),
      responseTypes: ['code'],
      scopes: ['public'],
      accessTokenSeconds: 7200,
    });
    expect(await stores.clients.find('demo-password')).toMatchObject({
      ...{ ...common, redirectUris: [], secretHash: hashSecret('demo-secret'), responseTypes: [] },
      grantTypes: ['password', 'refresh_token'],
      grantTypesByGet: ['password'],
      scopes: ['read', 'write'],
      defaultScopes: ['read', 'write'],
      accessTokenSeconds: 86_400,
    });
    expect(await stores.clients.find('demo-device')).toMatchObject({
      ...{ ...common, redirectUris: [], secretHash: null, responseTypes: [] },
      name: 'Demo desk phone',
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      scopes: ['call'],
    });
  });

  it('stay the same at the next start, but for the address of the test page', async () => {
    await ensure();
    const before = await stores.users.list();
    await stores.users.setStatus(before[0]?.id ?? '', 'disabled');
    await ensure('http://localhost:9999');
    expect((await stores.users.list()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(await stores.users.find(before[0]?.id ?? '')).toMatchObject({ status: 'disabled' });
    const clients = (await stores.clients.list()).map(({ id, redirectUris }) => [id, ...redirectUris.slice(0, 1)]);
    const testPage = 'http://localhost:9999/test';
    expect(clients).toEqual([
      ['demo-app', testPage],
      ['demo-device'],
      ['demo-js', testPage],
      ['demo-password'],
      ['demo-tests', testPage],
    ]);
    expect(warnings).toEqual([]);
  });

  it('never replace an account that was made outside the sandbox', async () => {
    const base = { ...stores, hasher, ids };
    const { id } = await createUserAdmin(base).create({
      username: 'demo',
      password: 'correct horse',
      role: 'operator',
    });
    const redirectUris = ['https://own.example/back'];
    await createClientAdmin(base).create({ id: 'demo-app', name: 'Own', type: 'public', redirectUris });
    await ensure();
    expect(await stores.users.findByUsername('demo')).toMatchObject({ id, role: 'operator', sandbox: false });
    expect(await stores.clients.find('demo-app')).toMatchObject({ name: 'Own', redirectUris, sandbox: false });
    expect(warnings).toEqual(expect.arrayContaining([{ username: 'demo' }, { client: 'demo-app' }]));
    expect(await stores.users.findByUsername('admin')).toMatchObject({ sandbox: true });
  });
});
