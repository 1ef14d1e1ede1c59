import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import type { Actor } from '../../../src/oauth/model/audit-log.ts';
import { audited } from '../../support/audited.ts';
import {
  asked,
  createOAuthApp,
  type OAuthApp,
  obtainCode,
  queryOf,
  redemption,
  requestToken,
} from '../../support/oauth-app.ts';

const redirectUri = 'https://app.example/cb';
const DAY = 24 * 3600 * 1000;

let oauth: OAuthApp;
let admin: Actor;
let token: string;

const actorOf = async (username: string): Promise<Actor> => ({
  user: (await oauth.stores.users.findByUsername(username))!,
  address: '127.0.0.1',
});

beforeEach(async () => {
  oauth = await createOAuthApp();
  await oauth.users.create({ username: 'admin', password: 'admin', role: 'admin', sandbox: true });
  admin = await actorOf('admin');
  ({ token } = await oauth.authorization.registrationTokenAdmin.create(admin, { name: 'the build', days: 7 }));
});
afterEach(() => oauth.close());

const register = (metadata: object, bearer = token): Promise<Response> =>
  Promise.resolve(request(oauth.app).post('/oauth/register').set('Authorization', `Bearer ${bearer}`).send(metadata));

const refusal = async (metadata: object): Promise<[number, string]> => {
  const { status, body, headers } = await register(metadata);
  expect(headers['cache-control']).toBe('no-store');
  return [status, body.error];
};

describe('registration (85)', () => {
  it('needs a token that an administrator made (85)', async () => {
    const post = () => request(oauth.app).post('/oauth/register');
    const missing = await post().send({ redirect_uris: [redirectUri] });
    expect([missing.status, missing.headers['www-authenticate']]).toEqual([401, 'Bearer realm="Offhook"']);
    const unreadable = await post().type('json').send('{');
    expect(unreadable.status).toBe(401);
    for (const value of ['Bearer nonsense', `DPoP ${token}`, `Bearer ${'A'.repeat(43)}`]) {
      const answer = await post()
        .set('Authorization', value)
        .send({ redirect_uris: [redirectUri] });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    }
    const { body } = await requestToken(oauth, redemption(await obtainCode(oauth)));
    expect((await register({ redirect_uris: [redirectUri] }, body.access_token)).status).toBe(401);
    expect(await audited(oauth.stores, 'client.registered')).toEqual([]);
  });

  it('ends with the token, and with the account of its maker (85)', async () => {
    const { registrationTokenAdmin } = oauth.authorization;
    const metadata = { redirect_uris: [redirectUri] };
    const { token: second, registrationToken } = await registrationTokenAdmin.create(admin, { name: '2', days: 1 });
    expect((await register(metadata, second)).status).toBe(201);
    await registrationTokenAdmin.delete(admin, registrationToken.hash);
    expect((await register(metadata, second)).status).toBe(401);

    const { token: third } = await registrationTokenAdmin.create(admin, { name: '3', days: 1 });
    oauth.clock.advance(DAY);
    expect((await register(metadata, third)).status).toBe(401);
    expect((await register(metadata)).status).toBe(201);
    const forwarded = request(oauth.app).post('/oauth/register').set('X-Forwarded-For', '192.0.2.1');
    expect((await forwarded.set('Authorization', `Bearer ${token}`).send(metadata)).status).toBe(401);
    await oauth.users.setStatus('admin', 'disabled');
    expect((await register(metadata)).status).toBe(401);
  });

  it('gives a client that works, as strict as possible (85)', async () => {
    const answer = await register({
      redirect_uris: [redirectUri],
      client_name: 'My <i>app</i>',
      logo_uri: 'x',
      nonsense: 1,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { client_id, client_secret, ...metadata } = answer.body;
    expect(client_id).toMatch(/^[0-9a-f]{32}$/);
    expect(client_secret).toMatch(/^[\w-]{43}$/);
    expect(metadata).toEqual({
      client_id_issued_at: Math.floor(oauth.clock.now() / 1000),
      client_secret_expires_at: 0,
      client_name: 'My <i>app</i>',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'call',
      dpop_bound_access_tokens: false,
    });
    expect(await oauth.stores.clients.find(client_id)).toMatchObject({
      ...{ codeChallenge: 'required', tokenInQuery: 'refused', grantTypesByGet: [], ownerId: null, sandbox: true },
      ...{ responseTypes: ['code'], tokenFormat: 'opaque', tokenBinding: 'on-request', kind: 'application' },
    });

    const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    const code = await obtainCode(oauth, asked({ client_id, redirect_uri: redirectUri, ...pkce }));
    const changes = { client_id, client_secret, redirect_uri: redirectUri, code_verifier: verifier };
    const tokens = await requestToken(oauth, redemption(code, changes));
    expect([tokens.status, tokens.body.scope]).toEqual([200, 'call']);
    expect(tokens.body).not.toHaveProperty('refresh_token');
    const [event] = await audited(oauth.stores, 'client.registered');
    expect(event).toMatchObject({ clientId: client_id, detail: 'the build', username: 'admin' });
    expect(event!.address).toMatch(/127\.0\.0\.1$/);
  });

  it('registers public, machine and device clients as they ask', async () => {
    const pub = await register({
      redirect_uris: ['com.example.app:/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'authorization_code'],
      response_types: ['code'],
      dpop_bound_access_tokens: true,
      scope: 'read write public admin all nonsense',
    });
    expect(pub.body).toMatchObject({
      grant_types: ['authorization_code', 'refresh_token'],
      ...{ scope: 'read write public', dpop_bound_access_tokens: true, token_endpoint_auth_method: 'none' },
    });
    expect(pub.body.client_name).toBe(pub.body.client_id);
    expect(pub.body).not.toHaveProperty('client_secret');
    expect(pub.body).not.toHaveProperty('client_secret_expires_at');
    expect(await oauth.stores.clients.find(pub.body.client_id)).toMatchObject({
      secretHash: null,
      tokenBinding: 'dpop',
    });

    const machine = await register({
      ...{ grant_types: ['client_credentials'], response_types: [], scope: 'read' },
      token_endpoint_auth_method: 'client_secret_post',
    });
    expect(machine.body).toMatchObject({ response_types: [], token_endpoint_auth_method: 'client_secret_post' });
    const { client_id, client_secret } = machine.body;
    const answer = await requestToken(oauth, { grant_type: 'client_credentials', client_id, client_secret });
    expect(answer.body.scope).toBe('read');

    const device = ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'];
    const { body } = await register({ grant_types: device, token_endpoint_auth_method: 'none' });
    expect(body).toMatchObject({ grant_types: device, redirect_uris: [], response_types: [] });
  });

  it('a native app is registered with a loopback address, and chooses the port (4)', async () => {
    const { body } = await register({ redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none' });
    const ask = async (uri: string): Promise<number> => {
      const query = queryOf(asked({ client_id: body.client_id, redirect_uri: uri }));
      return (await request(oauth.app).get(`/oauth/auth?${query}`)).status;
    };
    expect(await ask('http://127.0.0.1:51004/cb')).toBe(302);
    expect(await ask('http://127.0.0.1:51004/other')).toBe(400);
    expect(await ask('http://localhost:51004/cb')).toBe(400);
  });

  it.each([
    [['http://app.example/cb']],
    [['https://app.example/cb#top']],
    [['//app.example/cb']],
    [['javascript:alert(1)']],
    [['myapp:/cb']],
    [['https://user@app.example/']],
    [['https://app.example/../x']],
    [['https://app.example/cb', 'nonsense']],
    [[42]],
    ['https://app.example/cb'],
    [null],
  ])('refuses the redirect_uris %j', async (redirect_uris) => {
    expect(await refusal({ redirect_uris })).toEqual([400, 'invalid_redirect_uri']);
  });

  it.each([
    {},
    { redirect_uris: [] },
    { redirect_uris: [redirectUri], grant_types: ['implicit'] },
    { redirect_uris: [redirectUri], grant_types: ['authorization_code', 'password'] },
    { redirect_uris: [redirectUri], grant_types: ['nonsense'] },
    { redirect_uris: [redirectUri], grant_types: [] },
    { redirect_uris: [redirectUri], grant_types: ['refresh_token'] },
    { redirect_uris: [redirectUri], grant_types: ['client_credentials', 'refresh_token'] },
    { redirect_uris: [redirectUri], grant_types: 'authorization_code' },
    { redirect_uris: [redirectUri], response_types: ['token'] },
    { redirect_uris: [redirectUri], response_types: [] },
    { grant_types: ['client_credentials'], response_types: ['code'] },
    { grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' },
    { redirect_uris: [redirectUri], token_endpoint_auth_method: 'private_key_jwt' },
    { redirect_uris: [redirectUri], client_name: 42 },
    { redirect_uris: [redirectUri], client_name: 'two\nlines' },
    { redirect_uris: [redirectUri], client_name: 'x'.repeat(101) },
    { redirect_uris: [redirectUri], scope: 'admin' },
    { redirect_uris: [redirectUri], scope: ['call'] },
    { redirect_uris: [redirectUri], dpop_bound_access_tokens: 'yes' },
    { redirect_uris: Array.from({ length: 21 }, (_, index) => `${redirectUri}${index}`) },
    [],
  ])('refuses the metadata %j', async (metadata) => {
    expect(await refusal(metadata)).toEqual([400, 'invalid_client_metadata']);
    expect(await audited(oauth.stores, 'client.registered')).toEqual([]);
  });

  it('says in the words of the registration what is wrong', async () => {
    const { body } = await register({ grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' });
    expect(body.error_description).toMatch(/^grant_types: client_credentials/);
    const { body: second } = await register({ redirect_uris: [redirectUri, 'http://app.example/'] });
    expect(second.error_description).toMatch(/^redirect_uris\[1\] must be https/);
  });

  it('is bounded: a token registers a hundred clients an hour (85)', async () => {
    const { token: second } = await oauth.authorization.registrationTokenAdmin.create(admin, { name: '2', days: 1 });
    const metadata = { redirect_uris: [redirectUri] };
    for (let client = 0; client < 100; client += 1) expect((await register(metadata)).status).toBe(201);
    const refused = await register(metadata);
    expect([refused.status, refused.body.error]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await register(metadata, second)).status).toBe(201);
  });

  it('refuses what is no JSON, too large, or another method', async () => {
    const post = () => request(oauth.app).post('/oauth/register').set('Authorization', `Bearer ${token}`);
    expect((await post().type('form').send({ redirect_uris: redirectUri })).status).toBe(415);
    expect((await post().type('json').send('{')).status).toBe(400);
    expect((await post()).status).toBe(415);
    expect((await post().send({ client_name: 'x'.repeat(40_000) })).status).toBe(413);
    const answer = await request(oauth.app).get('/oauth/register');
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
  });
});

describe('registration tokens', () => {
  it('are made, listed and deleted by administrators, and audited', async () => {
    const { registrationTokenAdmin } = oauth.authorization;
    const [listed] = await registrationTokenAdmin.list(admin);
    expect(listed).toEqual({
      ...{ hash: expect.any(String), name: 'the build', createdBy: admin.user.id },
      ...{ createdAt: oauth.clock.now(), expiresAt: oauth.clock.now() + 7 * DAY },
    });
    expect(listed!.hash).not.toContain(token);
    await registrationTokenAdmin.delete(admin, listed!.hash);
    expect(await registrationTokenAdmin.list(admin)).toEqual([]);
    await expect(registrationTokenAdmin.delete(admin, listed!.hash)).rejects.toThrow('no such');
    for (const event of ['registration_token.created', 'registration_token.deleted'] as const) {
      expect(await audited(oauth.stores, event)).toMatchObject([
        { userId: admin.user.id, detail: 'the build', address: '127.0.0.1' },
      ]);
    }
  });

  it('are not for others', async () => {
    const { registrationTokenAdmin } = oauth.authorization;
    for (const username of ['demo', 'operator']) {
      const actor = await actorOf(username);
      await expect(registrationTokenAdmin.create(actor, { name: 'x', days: 1 })).rejects.toThrow('administrator');
      await expect(registrationTokenAdmin.list(actor)).rejects.toThrow('administrator');
      await expect(registrationTokenAdmin.delete(actor, 'x')).rejects.toThrow('administrator');
    }
  });

  it.each([
    { name: '', days: 1 },
    { name: ' ', days: 1 },
    { name: 'a\nb', days: 1 },
    { name: 'x'.repeat(101), days: 1 },
    { name: 'x', days: 0 },
    { name: 'x', days: 366 },
    { name: 'x', days: 1.5 },
  ])('need a name and some days: %j', async (wanted) => {
    await expect(oauth.authorization.registrationTokenAdmin.create(admin, wanted)).rejects.toThrow(/^(name|days): /);
  });
});
