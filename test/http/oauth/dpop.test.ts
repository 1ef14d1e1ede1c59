import { createHash } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import request from 'supertest';
import { DEVICE_CODE_GRANT } from '../../../src/oauth/model/account-stores.ts';
import {
  arrival,
  asked,
  callback,
  createOAuthApp,
  demoApp,
  type Fields,
  issuer,
  loggedIn,
  type OAuthApp,
  obtainCode,
  queryOf,
  redemption,
  refreshing,
  requestToken,
  without,
} from '../../support/oauth-app.ts';

const grants = ['authorization_code', 'refresh_token', 'password', DEVICE_CODE_GRANT] as const;
const secret = 'a secret of a configuration file, long enough';
const codeVerifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const pkce = {
  code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
  code_challenge_method: 'S256',
};

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
}

let mine: Pair;
let thiefs: Pair;
beforeAll(async () => {
  mine = await generateKeyPair('ES256', { extractable: true });
  thiefs = await generateKeyPair('ES256', { extractable: true });
});

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

let counter = 0;
const prove = async (claims: object, { privateKey, publicKey }: Pair = mine): Promise<string> => {
  counter += 1;
  const iat = Math.floor(oauth.clock.now() / 1000);
  return new SignJWT({ jti: `proof ${counter}`, iat, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
    .sign(privateKey);
};

const atTokenEndpoint = (pair?: Pair): Promise<string> => prove({ htm: 'POST', htu: `${issuer}/oauth/token` }, pair);

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** A proof for `GET /rest/call`, good but for what is changed. */
const atApi = (token: string, changes: object = {}, pair?: Pair): Promise<string> =>
  prove({ htm: 'GET', htu: `${issuer}/rest/call`, ath: hashOf(token), ...changes }, pair);

/** Tokens that are bound to my key. */
const obtain = async (changes: Fields = {}): Promise<Tokens> => {
  const code = await obtainCode(oauth, asked(without(changes, 'client_secret')));
  const answer = await requestToken(oauth, redemption(code, changes)).set('DPoP', await atTokenEndpoint());
  expect(answer.status).toBe(200);
  return answer.body;
};

const call = (token: string, proof?: string, scheme = 'DPoP'): request.Test => {
  const asking = request(oauth.app).get('/rest/call').set('Authorization', `${scheme} ${token}`);
  return proof === undefined ? asking : asking.set('DPoP', proof);
};

describe('tokens bound to a key', () => {
  it('are of type DPoP and open the API with a proof, in both formats', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'jwt-app', tokenFormat: 'jwt' }, secret);
    const opaque = await obtain();
    const jwt = await obtain({ client_id: 'jwt-app', client_secret: secret });
    for (const { access_token, token_type } of [opaque, jwt]) {
      expect(token_type).toBe('DPoP');
      const answer = await call(access_token, await atApi(access_token));
      expect([answer.status, answer.body.username]).toEqual([200, 'demo']);
      expect((await call(access_token, await atApi(access_token), 'dpop')).status).toBe(200);
    }
    const jkt = await calculateJwkThumbprint(await exportJWK(mine.publicKey));
    expect(decodeJwt(jwt.access_token)['cnf']).toEqual({ jkt });
  });

  it('are refused with a proof that is missing, replayed, or for something else (84)', async () => {
    const { access_token } = await obtain();
    const used = await atApi(access_token);
    expect((await call(access_token, used)).status).toBe(200);
    for (const proof of [
      undefined,
      used,
      'nonsense',
      `${await atApi(access_token)}, ${await atApi(access_token)}`,
      await atApi(access_token, { htm: 'POST' }),
      await atApi(access_token, { htu: `${issuer}/rest/other` }),
      await atApi(access_token, { htu: 'https://evil.example/rest/call' }),
      await atApi(access_token, { ath: hashOf('another') }),
      await atApi(access_token, { ath: undefined }),
      await atApi(access_token, { iat: oauth.clock.now() / 1000 - 61 }),
      await atApi(access_token, {}, thiefs),
    ]) {
      const answer = await call(access_token, proof);
      expect([proof, answer.status, answer.body.code]).toEqual([proof, 401, 'invalid_dpop_proof']);
      expect(answer.headers['www-authenticate']).toMatch(
        /^DPoP realm="Offhook", error="invalid_dpop_proof", error_description="[^"]+", algs="ES256 [\w ]+"$/,
      );
    }
  });

  it('are 401 as plain Bearer and in the query, with a proof too (84)', async () => {
    const { access_token } = await obtain();
    const inQuery = async () =>
      request(oauth.app)
        .get('/rest/call')
        .query({ access_token })
        .set('DPoP', await atApi(access_token));
    for (const answer of [
      await call(access_token, undefined, 'Bearer'),
      await call(access_token, await atApi(access_token), 'Bearer'),
      await inQuery(),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="Offhook", error="invalid_token"/);
    }
  });

  it('are no plain tokens, and plain tokens are not of this kind (84)', async () => {
    const code = await obtainCode(oauth);
    const { access_token, token_type }: Tokens = (await requestToken(oauth, redemption(code))).body;
    expect(token_type).toBe('bearer');
    const answer = await call(access_token, await atApi(access_token));
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
    expect(answer.headers['www-authenticate']).toMatch(/^DPoP realm="Offhook", error="invalid_token".*, algs="/);
  });

  it('are refreshed, for a public client, with the same key only (84)', async () => {
    const fields = { client_id: 'demo-js', ...pkce };
    const code = await obtainCode(oauth, asked(fields));
    const publicRedemption = { ...without(redemption(code), 'client_secret'), client_id: 'demo-js' };
    const first: Tokens = (
      await requestToken(oauth, { ...publicRedemption, code_verifier: codeVerifier }).set(
        'DPoP',
        await atTokenEndpoint(),
      )
    ).body;
    const again = { ...without(refreshing(first.refresh_token), 'client_secret'), client_id: 'demo-js' };
    expect((await requestToken(oauth, again)).body.error).toBe('invalid_grant');
    const stolen = await requestToken(oauth, again).set('DPoP', await atTokenEndpoint(thiefs));
    expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant']);
    const good = await requestToken(oauth, again).set('DPoP', await atTokenEndpoint());
    expect([good.status, good.body.token_type]).toEqual([200, 'DPoP']);
  });

  it('store no proof of a stranger, who has no code, token or password that is good (93)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'radio', type: 'public', grantTypes: grants }, null);
    const { refresh_token } = await obtain();
    const started = await request(oauth.app).post('/oauth/device').type('form').send({ client_id: 'radio' });
    const { device_code } = started.body as { device_code: string };
    const { database } = oauth.stores;
    const stored = async () => database.read(database.builder.selectFrom('dpop_proofs').selectAll().compile());
    const before = (await stored()).length;
    for (const fields of [
      { grant_type: 'authorization_code', code: 'x', redirect_uri: callback },
      { grant_type: 'authorization_code', code: await obtainCode(oauth), redirect_uri: callback },
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { grant_type: 'refresh_token', refresh_token },
      { grant_type: 'password', username: 'demo', password: 'wrong' },
      { grant_type: DEVICE_CODE_GRANT, device_code: 'x' },
      { grant_type: DEVICE_CODE_GRANT, device_code },
    ]) {
      const answer = await requestToken(oauth, { client_id: 'radio', ...fields }).set('DPoP', await atTokenEndpoint());
      expect([answer.status, fields.grant_type, answer.body.error]).toEqual([
        ...[400, fields.grant_type, expect.stringMatching(/^(invalid_grant|authorization_pending)$/)],
      ]);
    }
    expect(await stored()).toHaveLength(before);
  });

  it('are given for the key that the authorization request named alone (86)', async () => {
    const thumbprint = await calculateJwkThumbprint(await exportJWK(mine.publicKey));
    const bound = asked({ dpop_jkt: thumbprint });
    const fields = redemption(await obtainCode(oauth, bound));
    const refusals = [
      await requestToken(oauth, fields),
      await requestToken(oauth, fields).set('DPoP', await atTokenEndpoint(thiefs)),
    ];
    for (const { status, body } of refusals) expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect(refusals[0]!.body.error_description).toContain('DPoP proof is missing');
    const given = await requestToken(oauth, fields).set('DPoP', await atTokenEndpoint());
    expect([given.status, given.body.token_type]).toEqual([200, 'DPoP']);
    const empty = redemption(await obtainCode(oauth, asked({ dpop_jkt: '', state: 'empty' })));
    expect((await requestToken(oauth, empty)).status).toBe(200);
  });

  it('are not asked for with a dpop_jkt that is no thumbprint (86)', async () => {
    const agent = await loggedIn(oauth, asked({ dpop_jkt: 'short' }));
    const answer = await agent.get(`/auth/grant?${queryOf(asked({ dpop_jkt: 'short' }))}`);
    expect(arrival(answer).query.get('error')).toBe('invalid_request');
  });

  it('are not given for a bad proof (84)', async () => {
    const code = await obtainCode(oauth);
    const proof = await atTokenEndpoint();
    const other = redemption(await obtainCode(oauth, asked({ state: 'other' })));
    await requestToken(oauth, other).set('DPoP', proof).expect(200);
    for (const bad of [proof, 'nonsense', await atApi('token')]) {
      const answer = await requestToken(oauth, redemption(code)).set('DPoP', bad);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_dpop_proof']);
    }
    expect((await requestToken(oauth, redemption(code)).set('DPoP', await atTokenEndpoint())).status).toBe(200);
  });

  it.each(['/auth/logout', '/api/core/v2/auth/logout'])('log out at %s with a proof for that address', async (path) => {
    const { access_token } = await obtain();
    const out = async (htu: string) =>
      request(oauth.app)
        .post(path)
        .set('Authorization', `DPoP ${access_token}`)
        .set('DPoP', await prove({ htm: 'POST', htu, ath: hashOf(access_token) }));
    expect((await out(`${issuer}/rest/call`)).status).toBe(401);
    expect((await out(`${issuer}${path}`)).status).toBe(204);
    expect((await call(access_token, await atApi(access_token))).status).toBe(401);
  });
});
