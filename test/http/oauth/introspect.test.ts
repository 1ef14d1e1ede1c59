import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import request, { type Response } from 'supertest';
import {
  asked,
  createOAuthApp,
  demoApp,
  type Fields,
  issuer,
  type OAuthApp,
  obtainCode,
  obtainTokens,
  redemption,
  refreshing,
  requestToken,
  type Tokens,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const credentials = { client_id: 'demo-app', client_secret: 'demo-secret' };
const inactive = { active: false };
const DAY = 24 * 3600 * 1000;

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

const obtain = (fields?: Fields, name?: string): Promise<Tokens> => obtainTokens(oauth, fields, name);

const introspect = (token: string, changes: Fields = credentials): Promise<Response> =>
  Promise.resolve(
    request(oauth.app)
      .post('/oauth/introspect')
      .type('form')
      .send({ token, ...changes }),
  );

const introspected = async (token: string, changes?: Fields): Promise<object> => {
  const { status, body, headers } = await introspect(token, changes);
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  return body;
};

const seconds = (): number => Math.floor(oauth.clock.now() / 1000);

describe('introspection (69)', () => {
  it('shows a client its access token and its refresh token (69)', async () => {
    const tokens = await obtain(asked({ scope: 'call read' }));
    const iat = seconds();
    oauth.clock.advance(1000);
    const user = await oauth.stores.users.findByUsername('demo');
    const common = { active: true, scope: 'call read', client_id: 'demo-app', username: 'demo', sub: user!.id, iat };
    expect(await introspected(tokens.access_token)).toEqual({
      ...common,
      ...{ token_type: 'Bearer', exp: iat + 3600, aud: `${issuer}/rest/call`, iss: issuer },
    });
    expect(await introspected(tokens.refresh_token, { ...credentials, token_type_hint: 'access_token' })).toEqual({
      ...common,
      ...{ exp: iat + (30 * DAY) / 1000, aud: issuer, iss: issuer },
    });
  });

  it('says of a JWT what it says itself (69)', async () => {
    await oauth.clients.configure({ ...demoApp, tokenFormat: 'jwt' }, 'demo-secret');
    const tokens = await obtain();
    const claims = decodeJwt(tokens.access_token);
    const { jti, sub, aud, iss, exp, iat } = claims;
    expect(await introspected(tokens.access_token)).toMatchObject({ active: true, jti, sub, aud, iss, exp, iat });
    const { jti: refreshJti, aud: refreshAud } = decodeJwt(tokens.refresh_token);
    expect(await introspected(tokens.refresh_token)).toMatchObject({ active: true, jti: refreshJti, aud: refreshAud });
    const [header, payload] = tokens.access_token.split('.');
    expect(await introspected(`${header}.${payload}.AAAA`)).toEqual(inactive);
  });

  it('names the key of a bound token (69)', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const proof = await new SignJWT({ htm: 'POST', htu: `${issuer}/oauth/token`, jti: 'one' })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt(seconds())
      .sign(privateKey);
    const answer = await requestToken(oauth, redemption(await obtainCode(oauth))).set('DPoP', proof);
    expect(answer.body.token_type).toBe('DPoP');
    const cnf = { jkt: await calculateJwkThumbprint(jwk) };
    expect(await introspected(answer.body.access_token)).toMatchObject({ active: true, token_type: 'DPoP', cnf });
  });

  it('says of a token that stands for its client that it has no user (69)', async () => {
    const machine = { ...demoApp, id: 'machine', grantTypes: ['client_credentials'], responseTypes: [] } as const;
    await oauth.clients.configure(machine, secret);
    const own = { client_id: 'machine', client_secret: secret };
    const { body } = await requestToken(oauth, { grant_type: 'client_credentials', ...own });
    const answer = await introspected(body.access_token, own);
    expect(answer).toMatchObject({ active: true, client_id: 'machine', sub: 'machine' });
    expect(answer).not.toHaveProperty('username');
  });

  it('says no more than inactive of what is unknown, foreign, expired, revoked or rotated (69)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'other' }, secret);
    for (const token of ['nonsense', 'A'.repeat(43), 'a.b.c']) expect(await introspected(token)).toEqual(inactive);

    const first = await obtain();
    const other = { client_id: 'other', client_secret: secret };
    expect(await introspected(first.access_token, other)).toEqual(inactive);
    expect(await introspected(first.refresh_token, other)).toEqual(inactive);

    const { body: second } = await requestToken(oauth, refreshing(first.refresh_token));
    expect(await introspected(first.refresh_token)).toEqual(inactive);
    expect(await introspected(second.refresh_token)).toMatchObject({ active: true });
    oauth.clock.advance(3600 * 1000);
    expect(await introspected(second.access_token)).toEqual(inactive);
    oauth.clock.advance(30 * DAY);
    expect(await introspected(second.refresh_token)).toEqual(inactive);

    const revoked = await obtain(asked({ state: 'again' }));
    await oauth.tokenAdmin.revoke(revoked.access_token);
    expect(await introspected(revoked.access_token)).toEqual(inactive);
    expect(await introspected(revoked.refresh_token)).toEqual(inactive);
  });

  it('and of the tokens of a disabled user (69)', async () => {
    const tokens = await obtain();
    await oauth.users.setStatus('demo', 'disabled');
    for (const token of [tokens.access_token, tokens.refresh_token])
      expect(await introspected(token)).toEqual(inactive);
  });

  it('serves only clients that prove themselves (69)', async () => {
    const { access_token } = await obtain();
    const refusal = async (fields: Fields): Promise<[number, string]> => {
      const answer = await introspect(access_token, fields);
      return [answer.status, answer.body.error];
    };
    expect(await refusal({})).toEqual([401, 'invalid_client']);
    expect(await refusal({ client_id: 'demo-js' })).toEqual([401, 'invalid_client']);
    expect(await refusal({ client_id: 'demo-app' })).toEqual([401, 'invalid_client']);
    expect(await refusal({ ...credentials, client_secret: 'wrong' })).toEqual([401, 'invalid_client']);
    expect(await refusal({ ...credentials, token: '' })).toEqual([400, 'invalid_request']);
    const basic = request(oauth.app).post('/oauth/introspect').auth('demo-app', 'demo-secret').type('form');
    expect((await basic.send({ token: access_token })).body.active).toBe(true);
    expect((await request(oauth.app).get('/oauth/introspect')).status).toBe(405);
    expect((await request(oauth.app).post('/oauth/introspect').send({ token: 'x' })).status).toBe(415);
    const foreign = request(oauth.app).post('/oauth/introspect').set('Origin', 'https://app.example').type('form');
    const { headers } = await foreign.send({ token: access_token, ...credentials });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('shows nothing of sandbox users to requests through a proxy', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'real', sandbox: false }, secret);
    const own = { client_id: 'real', client_secret: secret };
    const code = await obtainCode(oauth, asked({ client_id: 'real' }));
    const { body } = await requestToken(oauth, redemption(code, own));
    expect(await introspected(body.access_token, own)).toMatchObject({ active: true });
    const forwarded = request(oauth.app).post('/oauth/introspect').set('X-Forwarded-For', '192.0.2.1').type('form');
    expect((await forwarded.send({ token: body.access_token, ...own })).body).toEqual(inactive);
  });

  it('slows down a client, and an address, that ask without end', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'other' }, secret);
    const client = (await oauth.stores.clients.find('demo-app'))!;
    const ask = (id: string, address: string) =>
      oauth.authorization.introspection.introspect({ client: { ...client, id }, token: 'x', route: 'direct', address });
    const askOften = (id: string, address: string) => Promise.all(Array.from({ length: 250 }, () => ask(id, address)));

    await askOften('demo-app', '192.0.2.1');
    await askOften('demo-app', '192.0.2.2');
    const answer = await introspect('nonsense');
    expect([answer.status, answer.body.error]).toEqual([429, 'rate_limited']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(await introspected('nonsense', { client_id: 'other', client_secret: secret })).toEqual(inactive);

    await askOften('third', '192.0.2.2');
    await expect(ask('fourth', '192.0.2.2')).rejects.toThrow('Too many requests');
    expect(await ask('fourth', '192.0.2.3')).toEqual(inactive);
  });
});
