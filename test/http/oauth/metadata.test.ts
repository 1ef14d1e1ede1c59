import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { type CallApi, createCallApi } from '../../support/call-api.ts';
import { createOAuthApp, issuer, type OAuthApp } from '../../support/oauth-app.ts';

const SERVER = '/.well-known/oauth-authorization-server';
const RESOURCE = '/.well-known/oauth-protected-resource/rest/call';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

const read = async (path: string, { app }: OAuthApp = oauth): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await request(app).get(path);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.headers['cache-control']).toBe('public, max-age=3600');
  return answer.body;
};

describe('the metadata of the authorization server', () => {
  it('lists what works (81)', async () => {
    expect(await read(SERVER)).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/oauth/auth`,
      token_endpoint: `${issuer}/oauth/token`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      device_authorization_endpoint: `${issuer}/oauth/device`,
      registration_endpoint: `${issuer}/oauth/register`,
      jwks_uri: `${issuer}/oauth/jwks`,
      scopes_supported: ['call', 'read', 'write', 'public', 'application', 'operator', 'admin', 'all'],
      response_types_supported: ['code', 'token'],
      response_modes_supported: ['query', 'fragment'],
      grant_types_supported: [
        ...['authorization_code', 'refresh_token', 'password', 'client_credentials'],
        ...['urn:ietf:params:oauth:grant-type:device_code', 'implicit'],
      ],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
    });
  });

  it('leads nowhere where nothing is (81)', async () => {
    const documents = [...Object.entries(await read(SERVER)), ...Object.entries(await read(RESOURCE))];
    const addresses = documents.filter(([name]) => /_endpoint$|_uri$|^resource$/.test(name));
    expect(addresses).toHaveLength(8);
    for (const [name, address] of addresses) {
      const url = String(address);
      expect(url.startsWith(`${issuer}/`)).toBe(true);
      const path = url.slice(issuer.length);
      const answers = [await request(oauth.app).get(path), await request(oauth.app).post(path)];
      const statuses = answers.map(({ status }) => status);
      // What is there answers at least one method with more than that it is not there.
      expect([name, statuses.some((status) => status < 404)]).toEqual([name, true]);
      expect([name, statuses.some((status) => status >= 500)]).toEqual([name, false]);
    }
  });

  it('names every grant that the token endpoint knows, and no other (81)', async () => {
    const { grant_types_supported: grants } = await read(SERVER);
    const errorOf = async (grantType: string): Promise<string> =>
      (await request(oauth.app).post('/oauth/token').type('form').send({ grant_type: grantType })).body.error;
    const ofTheTokenEndpoint = (grants as string[]).filter((grant) => grant !== 'implicit');
    for (const grant of ofTheTokenEndpoint) expect(await errorOf(grant)).not.toBe('unsupported_grant_type');
    expect(await errorOf('implicit')).toBe('unsupported_grant_type');
    expect(await errorOf('urn:ietf:params:oauth:grant-type:jwt-bearer')).toBe('unsupported_grant_type');
  });

  it('tells of the calls who gives tokens for them (RFC 9728) (81)', async () => {
    expect(await read(RESOURCE)).toEqual({
      resource: `${issuer}/rest/call`,
      authorization_servers: [issuer],
      scopes_supported: ['call', 'read', 'write', 'public', 'application', 'operator', 'admin', 'all'],
      bearer_methods_supported: ['header', 'query'],
      resource_name: 'Offhook',
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
      dpop_bound_access_tokens_required: false,
    });
  });

  it('is read, and nothing else (81)', async () => {
    expect((await request(oauth.app).head(SERVER)).status).toBe(200);
    const answer = await request(oauth.app).post(SERVER);
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
    expect((await request(oauth.app).get('/.well-known/openid-configuration')).status).toBe(404);
  });

  it('hands out the configured address whatever a request claims (82)', async () => {
    const [server, resource] = [await read(SERVER), await read(RESOURCE)];
    const forged = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '444',
      'X-Forwarded-Prefix': '/evil',
      Forwarded: 'host=evil.example;proto=https',
    };
    for (const [name, value] of Object.entries(forged)) {
      expect((await request(oauth.app).get(SERVER).set(name, value)).body).toEqual(server);
      expect((await request(oauth.app).get(RESOURCE).set(name, value)).body).toEqual(resource);
    }
    const query = `client_id=demo-app&response_type=code&redirect_uri=${encodeURIComponent(`${issuer}/test`)}`;
    const login = await request(oauth.app).get(`/oauth/auth?${query}`).set('Host', 'evil.example');
    expect(login.headers['location']).toMatch(/^\/auth\/login\?/);
  });

  it('stands between the host and the path of a public address that has one (82)', async () => {
    const publicUrl = 'https://example.test/voice(1)';
    const below = await createOAuthApp({ publicUrl, sandbox: 'off' });
    try {
      const server = await read(`${SERVER}/voice(1)`, below);
      expect(server).toMatchObject({ issuer: publicUrl, token_endpoint: `${publicUrl}/oauth/token` });
      expect(await read(SERVER, below)).toEqual(server);
      const resource = await read('/.well-known/oauth-protected-resource/voice(1)/rest/call', below);
      expect(resource).toMatchObject({ resource: `${publicUrl}/rest/call`, authorization_servers: [publicUrl] });
      expect(await read(RESOURCE, below)).toEqual(resource);
    } finally {
      await below.close();
    }
  });
});

describe('front-ends of other origins', () => {
  let api: CallApi;
  beforeEach(async () => {
    api = await createCallApi();
  });
  afterEach(() => api.close());

  const origin = 'https://app.example';

  it.each([SERVER, RESOURCE, '/oauth/jwks', '/oauth/revoke', '/oauth/revoke?a'])('may ask %s', async (path) => {
    const preflight = await request(api.app)
      .options(path)
      .set({ Origin: origin, 'Access-Control-Request-Method': 'POST' });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, '*']);
    const answer = await request(api.app).get(path).set('Origin', origin);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  it.each(['/oauth/introspect', '/oauth/register', '/oauth/auth', '/oauth/revoked'])('may not ask %s', async (path) => {
    const answer = await request(api.app).post(path).set('Origin', origin);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
