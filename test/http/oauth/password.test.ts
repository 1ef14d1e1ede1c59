import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { ClientDescription } from '../../../src/oauth/clients/client-description.ts';
import { createPasswordHasher } from '../../../src/oauth/model/secrets.ts';
import { audited } from '../../support/audited.ts';
import {
  createOAuthApp,
  type Fields,
  type OAuthApp,
  type OAuthAppOptions,
  queryOf,
  refreshing,
  requestToken,
  statusWith,
  without,
} from '../../support/oauth-app.ts';

const legacy: ClientDescription = {
  ...{ id: 'demo-password', name: 'Legacy', type: 'confidential', redirectUris: [], responseTypes: [] },
  ...{ grantTypes: ['password', 'refresh_token'], grantTypesByGet: ['password'] },
  ...{ scopes: ['read', 'write', 'operator'], defaultScopes: ['read', 'write'], accessTokenSeconds: 86_400 },
  sandbox: true,
};

const firstParty: ClientDescription = {
  ...{ id: 'demo-tests', name: 'First party', type: 'confidential', redirectUris: ['http://localhost:8888/test'] },
  ...{ scopes: ['public'], accessTokenSeconds: 7200, sandbox: true },
};

const wanted: Fields = {
  ...{ grant_type: 'password', username: 'demo', password: 'demo' },
  ...{ client_id: 'demo-password', client_secret: 'demo-secret' },
};

const clientless = without(wanted, 'client_id', 'client_secret');

let oauth: OAuthApp;

const start = async (options: OAuthAppOptions = {}): Promise<void> => {
  oauth = await createOAuthApp(options);
  await oauth.clients.configure(legacy, 'demo-secret');
  await oauth.clients.configure(firstParty, 'demo-secret');
};

beforeEach(() => start());
afterEach(() => oauth.close());

const get = (path: string, fields: Fields): request.Test => request(oauth.app).get(`${path}?${queryOf(fields)}`);

const refusal = async (answer: request.Test): Promise<[number, string]> => {
  const { status, body } = await answer;
  return [status, body.error];
};

const asking = (changes: Fields): request.Test => requestToken(oauth, { ...wanted, ...changes });

describe('the password grant', () => {
  it('gives tokens as JSON that is not cached (36 and 37)', async () => {
    const answer = await asking({});
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'bearer',
      expires_in: 86_400,
      scope: 'read write',
    });
    expect(await statusWith(oauth, answer.body.access_token)).toBe(200);
    const client = { client_id: 'demo-password' };
    expect((await requestToken(oauth, refreshing(answer.body.refresh_token, client))).status).toBe(200);
  });

  it('gives no refresh token to a client that may not refresh', async () => {
    await oauth.clients.configure({ ...legacy, grantTypes: ['password'] }, 'demo-secret');
    expect((await asking({})).body).not.toHaveProperty('refresh_token');
  });

  it('a wrong password and an unknown user look the same: 400 invalid_grant (38)', async () => {
    const answers = await Promise.all([asking({ password: 'wrong' }), asking({ username: 'nobody' })]);
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([400, { error: 'invalid_grant', error_description: expect.any(String) }]);
    }
    expect(answers[0].body).toEqual(answers[1].body);
    await oauth.users.setStatus('demo', 'disabled');
    expect((await asking({})).body).toEqual(answers[0].body);
  });

  it('asks for each parameter once (40 and 39)', async () => {
    for (const name of ['username', 'password']) {
      expect(await refusal(requestToken(oauth, without(wanted, name)))).toEqual([400, 'invalid_request']);
      expect(await refusal(asking({ [name]: '' }))).toEqual([400, 'invalid_request']);
      const twice = `${queryOf(wanted)}&${name}=demo`;
      const answer = request(oauth.app).post('/oauth/token').type('form').send(twice);
      expect(await refusal(answer)).toEqual([400, 'invalid_request']);
    }
  });

  it('its client authenticates in one way (41 and 42)', async () => {
    const basic = `Basic ${Buffer.from('demo-password:demo-secret').toString('base64')}`;
    expect(await refusal(asking({}).set('Authorization', basic))).toEqual([400, 'invalid_request']);
    const other = { ...clientless, client_id: 'demo-app' };
    expect(await refusal(requestToken(oauth, other).set('Authorization', basic))).toEqual([400, 'invalid_request']);
    expect((await requestToken(oauth, clientless).set('Authorization', basic)).status).toBe(200);
    expect(await refusal(asking({ client_secret: 'wrong' }))).toEqual([401, 'invalid_client']);
  });

  it('gives scopes that the client may ask for and the user may grant', async () => {
    expect((await asking({ scope: 'write' })).body.scope).toBe('write');
    for (const scope of ['call', 'nonsense', 'operator', 'read operator']) {
      expect(await refusal(asking({ scope }))).toEqual([400, 'invalid_scope']);
    }
    const operator = { username: 'operator', password: 'operator' };
    expect((await asking({ ...operator, scope: 'operator' })).body.scope).toBe('operator');
    await oauth.clients.configure({ ...legacy, defaultScopes: ['read', 'operator'] }, 'demo-secret');
    expect((await asking({})).body.scope).toBe('read');
    expect((await asking(operator)).body.scope).toBe('read operator');
  });

  it('is for the clients that have it (56)', async () => {
    expect(await refusal(asking({ client_id: 'demo-app' }))).toEqual([400, 'unauthorized_client']);
    expect(await refusal(asking({ client_id: 'demo-tests' }))).toEqual([400, 'unauthorized_client']);
  });

  it('a password that changes while it is being checked gives nothing (67)', async () => {
    const user = (await oauth.stores.users.findByUsername('demo'))!;
    const passwordHash = await createPasswordHasher().hash('a new password');
    const { tokens: store } = oauth.stores;
    const startFamily = store.start.bind(store);
    const families: string[] = [];
    store.start = async (family, tokens, proof) => {
      await oauth.stores.users.changePassword(user.id, passwordHash);
      families.push(tokens.access.hash);
      return startFamily(family, tokens, proof);
    };
    expect(await refusal(asking({}))).toEqual([400, 'invalid_grant']);
    expect(families).toHaveLength(1);
    expect(await store.findAccess(families[0]!)).toBeUndefined();
  });

  it('records in the audit log whose tokens were given, and never the password', async () => {
    await asking({});
    expect(await audited(oauth.stores, 'token.issued')).toMatchObject([
      { username: 'demo', clientId: 'demo-password', detail: 'password' },
    ]);
    await asking({ username: 'demo', password: 'a-wrong-password' });
    expect(JSON.stringify(await oauth.stores.audit.list({ limit: 100 }))).not.toContain('a-wrong-password');
  });

  it('counts names that are made up, and lists failures of an account no more often than its lock lets through (93)', async () => {
    const secret = 'a secret of a configuration file, long enough';
    const from = (address: string, username: string) =>
      requestToken(oauth, { ...wanted, client_secret: secret, username, password: 'guess' }).set(
        'X-Forwarded-For',
        address,
      );
    await oauth.clients.configure({ ...legacy, sandbox: false }, secret);
    await oauth.users.create({ username: 'alice', password: 'correct horse', role: 'user' });
    for (let attempt = 0; attempt < 60; attempt += 1) {
      expect((await from(`198.51.100.${attempt}`, `made up ${attempt}`)).status).toBe(400);
    }
    for (let attempt = 0; attempt < 30; attempt += 1) await from(`203.0.113.${attempt}`, 'alice');
    const failed = await audited(oauth.stores, 'login.failed');
    expect(failed.filter(({ detail }) => detail === 'unknown user')).toMatchObject([
      { count: 60, address: '198.51.100.59' },
    ]);
    expect(failed.filter(({ username }) => username === 'alice')).toHaveLength(10);
    expect(await audited(oauth.stores, 'login.limited')).toMatchObject([{ username: 'alice', count: 20 }]);
  });

  it('of a sandbox account is refused to a forwarded request', async () => {
    expect(await refusal(asking({}).set('X-Forwarded-For', '192.0.2.1'))).toEqual([401, 'invalid_client']);
  });
});

describe('the password grant by GET', () => {
  it('is for clients that have it enabled, and always JSON (59)', async () => {
    for (const path of ['/oauth/token', '/api/oauth/token']) {
      const answer = await get(path, wanted);
      expect([answer.status, answer.body.scope]).toEqual([200, 'read write']);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(await refusal(get(path, { ...wanted, password: 'wrong' }))).toEqual([400, 'invalid_grant']);
      const head = await request(oauth.app).head(`${path}?${queryOf(wanted)}`);
      expect([head.status, head.headers['allow']]).toEqual([405, 'GET, POST']);
    }
    await oauth.clients.configure({ ...legacy, grantTypesByGet: [] }, 'demo-secret');
    expect(await refusal(get('/oauth/token', wanted))).toEqual([400, 'invalid_request']);
    expect((await asking({})).status).toBe(200);
  });

  it('never works without a client (58)', async () => {
    expect(await refusal(get('/oauth/token', clientless))).toEqual([400, 'invalid_request']);
  });
});

describe('the password grant without a client', () => {
  it('acts as the one first-party client (58)', async () => {
    const { status, body } = await requestToken(oauth, clientless);
    expect([status, body]).toEqual([
      200,
      {
        ...{ access_token: expect.any(String), refresh_token: expect.any(String) },
        ...{ token_type: 'bearer', expires_in: 7200, scope: 'public' },
      },
    ]);
    const { body: principal } = await request(oauth.app)
      .get('/rest/call')
      .set('Authorization', `Bearer ${body.access_token}`);
    expect(principal).toMatchObject({ kind: 'user', username: 'demo', clientId: 'demo-tests', scopes: ['public'] });
    expect(await refusal(requestToken(oauth, { ...clientless, password: 'wrong' }))).toEqual([400, 'invalid_grant']);
    const stranger = requestToken(oauth, { ...clientless, client_secret: 'demo-secret' });
    expect(await refusal(stranger)).toEqual([401, 'invalid_client']);
    expect(await refusal(requestToken(oauth, { ...clientless, grant_type: 'client_credentials' }))).toEqual([
      ...[401, 'invalid_client'],
    ]);
  });

  it('is off where none is configured, whatever the password (58)', async () => {
    await oauth.close();
    await start({ firstParty: 'none' });
    for (const password of ['demo', 'wrong']) {
      expect(await refusal(requestToken(oauth, { ...clientless, password }))).toEqual([401, 'invalid_client']);
    }
  });
});

describe('pages of other sites', () => {
  it.each([
    ['Origin', 'https://evil.example'],
    ['Origin', 'null'],
    ['Origin', 'http://localhost:8889'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Site', 'same-site'],
  ])('cannot have a password checked: %s %s', async (name, value) => {
    const answers = await Promise.all(
      [wanted, { ...wanted, password: 'wrong' }, clientless].map((fields) =>
        requestToken(oauth, fields).set(name, value),
      ),
    );
    for (const { status, body, headers } of [...answers, await get('/api/oauth/token', wanted).set(name, value)]) {
      expect([status, body.error, Object.keys(body)]).toEqual([
        ...[403, 'invalid_request', ['error', 'error_description']],
      ]);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('lock no account with what they try', async () => {
    for (let round = 0; round < 11; round += 1)
      await asking({ password: 'wrong' }).set('Origin', 'https://evil.example');
    expect((await asking({})).status).toBe(200);
  });

  it('are told apart from our own', async () => {
    const own = { Origin: 'http://localhost:8888', 'Sec-Fetch-Site': 'same-origin' };
    const answer = await asking({}).set(own);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
