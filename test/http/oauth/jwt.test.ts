import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import request from 'supertest';
import { silentLog } from '../../../src/shared/log.ts';
import { KyselySigningKeyStore } from '../../../src/storage/oauth/kysely-signing-key-store.ts';
import {
  asked,
  createOAuthApp,
  demoApp,
  type Fields,
  issuer,
  type OAuthApp,
  obtainCode,
  redemption,
  refreshing,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const DAY = 24 * 3600 * 1000;
const credentials = { client_id: 'jwt-app', client_secret: 'a secret of a configuration file, long enough' };

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  await oauth.clients.configure({ ...demoApp, id: 'jwt-app', tokenFormat: 'jwt' }, credentials.client_secret);
});
afterEach(() => oauth.close());

const obtain = async (): Promise<Tokens> => {
  const code = await obtainCode(oauth, asked({ client_id: 'jwt-app', scope: 'call read' }));
  const answer = await requestToken(oauth, redemption(code, credentials));
  expect(answer.status).toBe(200);
  return answer.body;
};

const refresh = (token: string, changes: Fields = {}): request.Test =>
  requestToken(oauth, refreshing(token, { ...credentials, ...changes }));

/** A token signed with our own key, good but for what is changed. */
const resigned = async (token: string, payload: JWTPayload, header: object = {}): Promise<string> => {
  const [key] = await oauth.stores.signingKeys.list();
  const ours = { ...decodeProtectedHeader(token), alg: 'RS256' };
  return new SignJWT({ ...decodeJwt(token), ...payload })
    .setProtectedHeader({ ...ours, ...header })
    .sign(await importJWK(JSON.parse(key!.privateJwk), 'RS256'));
};

describe('access tokens in JWT form', () => {
  it('have the claims of RFC 9068, and the API takes them (78)', async () => {
    const { access_token } = await obtain();
    const now = oauth.clock.now() / 1000;
    const user = await oauth.stores.users.findByUsername('demo');
    expect(decodeProtectedHeader(access_token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(decodeJwt(access_token)).toMatchObject({
      ...{ iss: issuer, aud: `${issuer}/rest/call`, sub: user!.id, client_id: 'jwt-app', scope: 'call read' },
      ...{ iat: now, exp: now + 3600, jti: expect.any(String) },
    });
    const { status, body } = await request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${access_token}`);
    expect([status, body.username, body.scopes]).toEqual([200, 'demo', ['call', 'read']]);
    oauth.clock.advance(3_600_000);
    expect(await statusWith(oauth, access_token)).toBe(401);
  });

  it('are verified by others with the published keys alone (78)', async () => {
    const { access_token, refresh_token } = await obtain();
    const server = createServer(oauth.handler).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/jwks`;
    const keys = createRemoteJWKSet(new URL(address));
    const rules = {
      ...{ issuer, audience: `${issuer}/rest/call`, typ: 'at+jwt', algorithms: ['RS256'] },
      currentDate: new Date(oauth.clock.now()),
    };
    try {
      const { payload } = await jwtVerify(access_token, keys, rules);
      expect(payload['client_id']).toBe('jwt-app');
      await expect(jwtVerify(refresh_token, keys, rules)).rejects.toMatchObject({
        code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
      });
    } finally {
      server.close();
    }
  });

  it('are no refresh tokens, nor the reverse (76)', async () => {
    const { access_token, refresh_token } = await obtain();
    expect(await statusWith(oauth, refresh_token)).toBe(401);
    const answer = await refresh(access_token);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
    const renamed = await resigned(refresh_token, { aud: `${issuer}/rest/call`, scope: 'call' }, { typ: 'at+jwt' });
    expect([await statusWith(oauth, renamed), (await refresh(refresh_token)).status]).toEqual([401, 200]);
  });

  it('are 401 when forged, for others, or over (77)', async () => {
    const { access_token } = await obtain();
    expect(await statusWith(oauth, await resigned(access_token, {}))).toBe(200);
    const [header, payload] = access_token.split('.');
    const unsigned = Buffer.from(JSON.stringify({ ...decodeProtectedHeader(access_token), alg: 'none' }));
    for (const token of [
      `${unsigned.toString('base64url')}.${payload}.`,
      `${header}.${payload}.`,
      await resigned(access_token, { iss: 'https://evil.example' }),
      await resigned(access_token, { aud: 'https://other.example' }),
      await resigned(access_token, { exp: oauth.clock.now() / 1000 }),
      await resigned(access_token, {}, { typ: 'JWT' }),
      await resigned(access_token, {}, { kid: 'unknown' }),
    ]) {
      const answer = await request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${token}`);
      expect([token, answer.status, answer.body.code]).toEqual([token, 401, 'invalid_token']);
    }
  });

  it('are refused once their jti was revoked, or was never given (79)', async () => {
    const { access_token, refresh_token } = await obtain();
    expect(await statusWith(oauth, await resigned(access_token, { jti: 'never given' }))).toBe(401);
    await request(oauth.app)
      .post('/oauth/revoke')
      .type('form')
      .send({ ...credentials, token: access_token })
      .expect(200);
    expect(await statusWith(oauth, access_token)).toBe(401);
    const next: Tokens = (await refresh(refresh_token)).body;
    expect(await statusWith(oauth, next.access_token)).toBe(200);
    expect(await oauth.tokenAdmin.revoke(next.access_token)).toBe('revoked');
    expect(await oauth.tokenAdmin.revoke(next.access_token)).toBe('unknown');
    expect(await statusWith(oauth, next.access_token)).toBe(401);
  });

  it('cannot be made from what the database holds (79)', async () => {
    const { access_token } = await obtain();
    const { jti } = decodeJwt(access_token);
    for (const guess of [jti!, `jwt:${jti}`]) expect(await statusWith(oauth, guess)).toBe(401);
  });

  it('rotate like others, with reuse revoking the family (62 and 63)', async () => {
    const first = await obtain();
    const second: Tokens = (await refresh(first.refresh_token)).body;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await refresh(first.refresh_token)).body).toEqual(second);
    oauth.clock.advance(10_001);
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    for (const { access_token } of [first, second]) expect(await statusWith(oauth, access_token)).toBe(401);
  });

  it('revoke the family when one is used again long after, as others do (62)', async () => {
    const first = await obtain();
    oauth.clock.advance(29 * DAY);
    const second: Tokens = (await refresh(first.refresh_token)).body;
    oauth.clock.advance(2 * DAY);
    const third: Tokens = (await refresh(second.refresh_token)).body;
    expect(await statusWith(oauth, third.access_token)).toBe(200);
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    expect(await statusWith(oauth, third.access_token)).toBe(401);
  });

  it('are worth nothing once they are over (66)', async () => {
    const { refresh_token } = await obtain();
    oauth.clock.advance(30 * DAY);
    expect((await refresh(refresh_token)).body.error).toBe('invalid_grant');
  });

  it('outlive the key that signed them, which stays published', async () => {
    let { refresh_token } = await obtain();
    for (let day = 0; day < 175; day += 25) {
      oauth.clock.advance(25 * DAY);
      const answer = await refresh(refresh_token);
      expect([day, answer.status]).toEqual([day, 200]);
      expect(await statusWith(oauth, answer.body.access_token)).toBe(200);
      refresh_token = answer.body.refresh_token;
    }
    expect(new Set((await request(oauth.app).get('/oauth/jwks')).body.keys.map(({ kid }: Fields) => kid)).size).toBe(4);
  });
});

describe('a signing key that does not open', () => {
  it('is a fault of ours: logged, told to nobody, and never replaced', async () => {
    const logged: unknown[] = [];
    const log = { ...silentLog, error: (fields: object) => void logged.push(fields) };
    const broken = await createOAuthApp({ log });
    try {
      const { database, signingKeys } = broken.stores;
      const other = new KyselySigningKeyStore(database, Buffer.alloc(32, 1));
      await other.insert({ id: 'sealed with another key', privateJwk: '{}', createdAt: broken.clock.now() + 1 });
      await broken.clients.configure({ ...demoApp, id: 'jwt-app', tokenFormat: 'jwt' }, credentials.client_secret);
      const code = await obtainCode(broken, asked({ client_id: 'jwt-app' }));
      const answer = await requestToken(broken, redemption(code, credentials));
      expect([answer.status, answer.body]).toEqual([500, { error: 'server_error' }]);
      expect(logged).toEqual([{ err: expect.objectContaining({ code: 'seal_broken' }) }]);
      const keys = await request(broken.app).get('/oauth/jwks');
      expect([keys.status, keys.body]).toMatchObject([500, { code: 'internal_error' }]);
      expect(JSON.stringify([answer.body, keys.body])).not.toMatch(/seal|key/);
      await expect(signingKeys.list()).rejects.toMatchObject({ code: 'seal_broken' });
    } finally {
      await broken.close();
    }
  });
});

describe('the key set', () => {
  it('is public and cacheable, and never empty', async () => {
    await oauth.stores.signingKeys.deleteBefore(oauth.clock.now() + 1);
    const answer = await request(oauth.app).get('/oauth/jwks');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/jwk-set+json']);
    expect(answer.headers['cache-control']).toBe('public, max-age=300');
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.body.keys).toEqual([expect.objectContaining({ kty: 'RSA', use: 'sig', alg: 'RS256' })]);
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(answer.body.keys[0]).not.toHaveProperty(name);
    const post = await request(oauth.app).post('/oauth/jwks');
    expect([post.status, post.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });
});
