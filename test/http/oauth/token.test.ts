import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import request from 'supertest';
import { DEVICE_CODE_GRANT } from '../../../src/oauth/model/account-stores.ts';
import type { Log } from '../../../src/shared/log.ts';
import {
  asked,
  callback,
  createOAuthApp,
  demoApp,
  type Fields,
  issuer,
  type OAuthApp,
  obtainCode,
  queryOf,
  redemption,
  refreshing,
  requestToken,
  statusWith,
  without,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = createHash('sha256').update(verifier).digest('base64url');
const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
const publicCode = asked({ client_id: 'demo-js', ...pkce });

/** A redemption as the public client does it. */
const publicRedemption = (code: string, changes: Fields = {}): Fields => {
  const fields = redemption(code, { client_id: 'demo-js', code_verifier: verifier });
  return { ...without(fields, 'client_secret'), ...changes };
};

const basic = (id: string, password: string): string => `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;

let oauth: OAuthApp;
let logged: object[];

beforeEach(async () => {
  logged = [];
  const log: Log = { debug: () => 0, info: () => 0, warn: () => 0, error: (fields) => void logged.push(fields) };
  oauth = await createOAuthApp({ log });
});
afterEach(() => oauth.close());

/** The status and error of a token request. */
const refusal = async (fields: Fields): Promise<[number, string]> => {
  const answer = await requestToken(oauth, fields);
  return [answer.status, answer.body.error];
};

describe('the answer', () => {
  it('is JSON that is not cached, its expires_in a number (36 and 37)', async () => {
    const good = await requestToken(oauth, redemption(await obtainCode(oauth)));
    expect(good.status).toBe(200);
    expect(good.body.expires_in).toBe(3600);
    const bad = await requestToken(oauth, redemption('nonsense'));
    for (const { headers } of [good, bad]) {
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['pragma']).toBe('no-cache');
      expect(headers['content-type']).toMatch(/^application\/json/);
    }
    expect(Object.keys(bad.body)).toEqual(['error', 'error_description']);
  });

  it('is 400, and 401 for a client that is not authenticated, with a challenge where Basic was used (38)', async () => {
    expect(await refusal(redemption('nonsense'))).toEqual([400, 'invalid_grant']);
    for (const fields of [{ client_secret: 'wrong' }, { client_id: 'nobody' }, { client_secret: '' }]) {
      const answer = await requestToken(oauth, redemption('x', fields));
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers).not.toHaveProperty('www-authenticate');
    }
    for (const value of [basic('demo-app', 'wrong'), 'Basic', 'Basic !!!', 'Bearer abc']) {
      const answer = await requestToken(oauth, { grant_type: 'authorization_code', code: 'x' }).set(
        'Authorization',
        value,
      );
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/);
    }
  });

  it('no grant_type is invalid_request, an unknown one unsupported_grant_type (39)', async () => {
    expect(await refusal(redemption('x', { grant_type: '' }))).toEqual([400, 'invalid_request']);
    expect(await refusal({})).toEqual([400, 'invalid_request']);
    for (const name of ['nonsense', 'toString', '__proto__']) {
      expect(await refusal(redemption('x', { grant_type: name }))).toEqual([400, 'unsupported_grant_type']);
    }
  });

  it('a repeated parameter is invalid_request (40)', async () => {
    const code = await obtainCode(oauth);
    for (const twice of ['code=other', 'client_id=demo-app', 'grant_type=authorization_code', 'unknown=1&unknown=2']) {
      const answer = await request(oauth.app)
        .post('/oauth/token')
        .type('form')
        .send(`${queryOf(redemption(code))}&${twice}`);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    }
    expect((await requestToken(oauth, redemption(code))).status).toBe(200);
  });

  it('shows nothing of our insides, and a fault of ours is logged once (60)', async () => {
    await oauth.stores.database.close();
    const answer = await requestToken(oauth, redemption('x'));
    expect([answer.status, answer.body]).toEqual([500, { error: 'server_error' }]);
    expect(logged).toHaveLength(1);
  });

  it('a wrong media type, an oversized or a broken body is 415, 413 or 400 (61)', async () => {
    const send = (type: string, body: string | Buffer): request.Test =>
      request(oauth.app).post('/oauth/token').set('Content-Type', type).send(body);
    const form = 'application/x-www-form-urlencoded';
    expect((await send('application/json', JSON.stringify(redemption('x')))).status).toBe(415);
    expect((await send('multipart/form-data; boundary=x', '--x--')).status).toBe(415);
    expect((await send(`${form}; charset=klingon`, 'a=b')).status).toBe(415);
    expect((await send(form, `code=${'x'.repeat(40_000)}`)).status).toBe(413);
    expect((await send(form, 'code=%zz&grant_type=authorization_code')).status).toBe(400);
    expect((await send(form, Array.from({ length: 100 }, (_value, index) => `p${index}=1`).join('&'))).status).toBe(
      400,
    );
    const answers = [
      await send('text/plain', 'code=x'),
      await send(form, ''),
      await request(oauth.app).post('/oauth/token'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([415, 400, 400]);
    for (const { body } of answers) expect(body.error).toBe('invalid_request');
    expect(logged).toEqual([]);
  });
});

describe('who asks', () => {
  it('in two ways is invalid_request (41)', async () => {
    const answer = await requestToken(oauth, redemption('x')).set('Authorization', basic('demo-app', 'demo-secret'));
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });

  it('with another id in the body than in Basic is refused (42)', async () => {
    const code = await obtainCode(oauth);
    const fields = without(redemption(code, { client_id: 'demo-js' }), 'client_secret');
    const answer = await requestToken(oauth, fields).set('Authorization', basic('demo-app', 'demo-secret'));
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    const same = await requestToken(oauth, { ...fields, client_id: 'demo-app' }).set(
      'Authorization',
      basic('demo-app', 'demo-secret'),
    );
    expect(same.status).toBe(200);
  });

  it.each([
    ['with a colon', 'a:colon:and then some more of it, long enough'],
    ['with a percent sign', '100%25+ and then some more of it, long enough'],
    ['that is no escape', '%zz and then some more of it, and long enough'],
    ['beyond ASCII', 'ä€😀 and then some more of it, and long enough'],
  ])('may use Basic raw and form-encoded, the secret one %s (43)', async (_kind, password) => {
    await oauth.clients.configure({ ...demoApp, id: 'app.with-dots', grantTypesByGet: [] }, password);
    const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
    for (const value of [basic('app.with-dots', password), basic(encoded('app.with-dots'), encoded(password))]) {
      const code = await obtainCode(oauth, asked({ client_id: 'app.with-dots' }));
      const fields = { grant_type: 'authorization_code', code, redirect_uri: callback };
      expect((await requestToken(oauth, fields).set('Authorization', value)).status).toBe(200);
    }
  });

  it('a public client has no secret, and none is taken from it (44)', async () => {
    const code = await obtainCode(oauth, publicCode);
    expect(await refusal(publicRedemption(code, { client_secret: 'x' }))).toEqual([401, 'invalid_client']);
    expect((await requestToken(oauth, publicRedemption(code))).status).toBe(200);
  });

  it('a public client may send Basic with its id and no secret (89)', async () => {
    const fields = without(publicRedemption(await obtainCode(oauth, publicCode)), 'client_id');
    for (const wrong of [basic('demo-js', 'x'), basic('demo-app', ''), basic('', '')]) {
      const answer = await requestToken(oauth, fields).set('Authorization', wrong);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    }
    const both = { ...fields, client_id: 'demo-js', client_secret: '' };
    const { status, body } = await requestToken(oauth, both).set('Authorization', basic('demo-js', ''));
    expect(status).toBe(200);
    const next = { grant_type: 'refresh_token', refresh_token: (body as { refresh_token: string }).refresh_token };
    const refreshed = await requestToken(oauth, next).set('Authorization', basic('demo-js', ''));
    expect(refreshed.status).toBe(200);
    const revoked = { token: (refreshed.body as { refresh_token: string }).refresh_token, token_type_hint: '' };
    const revoking = request(oauth.app).post('/oauth/revoke').type('form').send(revoked);
    expect((await revoking.set('Authorization', basic('demo-js', ''))).status).toBe(200);
    const asking = request(oauth.app).post('/oauth/introspect').type('form').send(revoked);
    expect((await asking.set('Authorization', basic('demo-js', ''))).status).toBe(401);
  });

  it('has to be a client: a session counts for nothing here', async () => {
    const agent = request.agent(oauth.app);
    await agent.post('/auth/login').type('form').send({ username: 'demo', password: 'demo' });
    const answer = await agent.post('/oauth/token').type('form').send({ grant_type: 'authorization_code', code: 'x' });
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });
});

describe('a code', () => {
  it('a replayed code revokes what it gave, even when it has expired meanwhile (45)', async () => {
    for (const wait of [5001, 61_000]) {
      const code = await obtainCode(oauth);
      const { body } = await requestToken(oauth, redemption(code));
      expect(await statusWith(oauth, body.access_token)).toBe(200);
      oauth.clock.advance(wait);
      expect(await refusal(redemption(code, { client_secret: 'wrong' }))).toEqual([401, 'invalid_client']);
      expect(await statusWith(oauth, body.access_token)).toBe(200);
      expect(await refusal(redemption(code))).toEqual([400, 'invalid_grant']);
      expect(await statusWith(oauth, body.access_token)).toBe(401);
      expect(await refusal(refreshing(body.refresh_token))).toEqual([400, 'invalid_grant']);
    }
  });

  it('redeemed twice within 5 seconds, as by a callback that came twice, revokes nothing (30 and 45)', async () => {
    const code = await obtainCode(oauth, asked(pkce));
    const fields = redemption(code, { code_verifier: verifier });
    const { body } = await requestToken(oauth, fields);
    oauth.clock.advance(5000);
    expect(await refusal(fields)).toEqual([400, 'invalid_grant']);
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    oauth.clock.advance(1);
    expect(await refusal({ ...fields, code_verifier: 'x'.repeat(43) })).toEqual([400, 'invalid_grant']);
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    expect(await refusal(fields)).toEqual([400, 'invalid_grant']);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    const [first, second] = [await obtainCode(oauth), await obtainCode(oauth, asked({ state: '2' }))];
    const given = await requestToken(oauth, redemption(first));
    oauth.clock.step(-5001);
    expect(await refusal(redemption(first))).toEqual([400, 'invalid_grant']);
    expect(await statusWith(oauth, given.body.access_token)).toBe(401);
    expect((await requestToken(oauth, redemption(second))).status).toBe(200);
  });

  it('of 50 simultaneous redemptions exactly one gets 200 (46)', async () => {
    const code = await obtainCode(oauth);
    const answers = await Promise.all(Array.from({ length: 50 }, () => requestToken(oauth, redemption(code))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(49).fill(400)]);
    const winner = answers.find(({ status }) => status === 200)!;
    expect(await statusWith(oauth, winner.body.access_token)).toBe(200);
    expect((await requestToken(oauth, refreshing(winner.body.refresh_token))).status).toBe(200);
  });

  it('tells its client what a redemption left out, and another client nothing (49, 53 and 60)', async () => {
    const code = await obtainCode(oauth, asked(pkce));
    const said = async (fields: Fields): Promise<string> =>
      (await requestToken(oauth, fields)).body.error_description as string;
    const whole = redemption(code, { code_verifier: verifier });
    expect(await said(without(whole, 'redirect_uri'))).toMatch(/^The redirect_uri is missing\./);
    expect(await said({ ...whole, redirect_uri: '' })).toMatch(/^The redirect_uri is missing\./);
    expect(await said(without(whole, 'code_verifier'))).toMatch(/^The code_verifier is missing\./);
    await oauth.clients.configure({ ...demoApp, id: 'thief' }, secret);
    const unknown = await said(redemption('nonsense'));
    for (const fields of [
      { ...whole, redirect_uri: `${callback}/` },
      { ...whole, code_verifier: 'x'.repeat(43) },
      { ...without(whole, 'redirect_uri'), client_id: 'thief', client_secret: secret },
    ]) {
      expect(await said(fields)).toBe(unknown);
    }
    expect((await requestToken(oauth, whole)).status).toBe(200);
  });

  it('lives 60 seconds (47)', async () => {
    const [early, late] = [await obtainCode(oauth), await obtainCode(oauth, asked({ state: '2' }))];
    oauth.clock.advance(59_999);
    expect((await requestToken(oauth, redemption(early))).status).toBe(200);
    oauth.clock.advance(1);
    expect(await refusal(redemption(late))).toEqual([400, 'invalid_grant']);
  });

  it('is bound to its client (48)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'thief' }, secret);
    const code = await obtainCode(oauth);
    expect(await refusal(redemption(code, { client_id: 'thief', client_secret: secret }))).toEqual([
      400,
      'invalid_grant',
    ]);
    expect((await requestToken(oauth, redemption(code))).status).toBe(200);
  });

  it('is bound to its redirect_uri (49)', async () => {
    const code = await obtainCode(oauth);
    expect(await refusal(without(redemption(code), 'redirect_uri'))).toEqual([400, 'invalid_grant']);
    expect(await refusal(redemption(code, { redirect_uri: `${callback}/` }))).toEqual([400, 'invalid_grant']);
    expect((await requestToken(oauth, redemption(code))).status).toBe(200);

    const other = await obtainCode(oauth, without(asked(), 'redirect_uri'));
    expect((await requestToken(oauth, without(redemption(other), 'redirect_uri'))).status).toBe(200);
  });

  it('and all tokens have 256 bits and are stored hashed (50)', async () => {
    const pending = await obtainCode(oauth, asked({ state: 'pending' }));
    const code = await obtainCode(oauth);
    const { body } = await requestToken(oauth, redemption(code));
    const tokens = [pending, code, body.access_token, body.refresh_token] as string[];
    expect(tokens.map((token) => Buffer.from(token, 'base64url').length)).toEqual([32, 32, 32, 32]);
    expect(new Set(tokens).size).toBe(4);
    const files = ['offhook.db', 'offhook.db-wal'].map((name) =>
      readFileSync(join(oauth.stores.directory, name), 'latin1'),
    );
    for (const token of [...tokens, 'demo-secret']) expect(files.some((file) => file.includes(token))).toBe(false);
    const hash = createHash('sha256').update(pending).digest('base64url');
    expect(files.some((file) => file.includes(hash))).toBe(true);
  });

  it('is redeemed the same when other parameters are sent without a value (88)', async () => {
    const code = await obtainCode(oauth, without(asked(), 'redirect_uri'));
    const empty = { redirect_uri: '', code_verifier: '', scope: '' };
    const { status, body } = await requestToken(oauth, redemption(code, empty));
    expect(status).toBe(200);
    expect((await requestToken(oauth, refreshing(body.refresh_token, empty))).status).toBe(200);
  });

  it('gives no refresh token to a client that may not refresh', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'once', grantTypes: ['authorization_code'] }, secret);
    const once = { client_id: 'once', client_secret: secret };
    const { body } = await requestToken(oauth, redemption(await obtainCode(oauth, asked({ client_id: 'once' })), once));
    expect(body).not.toHaveProperty('refresh_token');
  });
});

describe('PKCE', () => {
  const challengeError = async (fields: Fields): Promise<string | null> => {
    const agent = request.agent(oauth.app);
    await agent.post('/auth/login').type('form').send({ username: 'demo', password: 'demo' });
    const answer = await agent.get(`/auth/grant?${queryOf(fields)}`);
    return new URL(answer.headers['location'] ?? '', callback).searchParams.get('error');
  };

  it('is required for the codes of a public client (51)', async () => {
    expect(await challengeError(asked({ client_id: 'demo-js' }))).toBe('invalid_request');
    const code = await obtainCode(oauth, publicCode);
    expect((await requestToken(oauth, publicRedemption(code))).status).toBe(200);
  });

  it('is S256 only (52)', async () => {
    const plain = { code_challenge: challenge, code_challenge_method: 'plain' };
    for (const method of [plain, { code_challenge: challenge }, { ...pkce, code_challenge: 'short' }]) {
      expect(await challengeError(asked(method))).toBe('invalid_request');
    }
    expect(await challengeError(asked({ code_challenge_method: 'S256' }))).toBe('invalid_request');
  });

  it('a wrong or missing verifier is invalid_grant, for a confidential client too (53)', async () => {
    const code = await obtainCode(oauth, asked(pkce));
    expect(await refusal(redemption(code))).toEqual([400, 'invalid_grant']);
    expect(await refusal(redemption(code, { code_verifier: 'x'.repeat(43) }))).toEqual([400, 'invalid_grant']);
    expect((await requestToken(oauth, redemption(code, { code_verifier: verifier }))).status).toBe(200);
  });

  it('a verifier without a challenge is invalid_grant (54)', async () => {
    const code = await obtainCode(oauth);
    expect(await refusal(redemption(code, { code_verifier: verifier }))).toEqual([400, 'invalid_grant']);
  });

  it.each([
    ['x'.repeat(42), 400],
    ['x'.repeat(43), 200],
    ['-._~'.repeat(32), 200],
    ['x'.repeat(129), 400],
    [`${'x'.repeat(42)}+`, 400],
    [`${'x'.repeat(42)}ä`, 400],
  ])('a verifier has 43 to 128 characters of the alphabet: %s %i (55)', async (wish, status) => {
    const code_challenge = createHash('sha256').update(wish).digest('base64url');
    const code = await obtainCode(oauth, asked({ ...pkce, code_challenge }));
    expect((await requestToken(oauth, redemption(code, { code_verifier: wish }))).status).toBe(status);
  });
});

describe('what a client may do', () => {
  it('a grant that it may not use is unauthorized_client (56)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'browser-only', grantTypes: [] }, secret);
    const client = { client_id: 'browser-only', client_secret: secret };
    expect(await refusal(redemption('x', client))).toEqual([400, 'unauthorized_client']);
    expect(await refusal(refreshing('x', client))).toEqual([400, 'unauthorized_client']);
  });

  it('GET is for clients that have it enabled, and HEAD is 405 (59)', async () => {
    const get = (fields: Fields): request.Test => request(oauth.app).get(`/oauth/token?${queryOf(fields)}`);
    const code = await obtainCode(oauth);
    const head = await request(oauth.app).head(`/oauth/token?${queryOf(redemption(code))}`);
    expect([head.status, head.headers['allow']]).toEqual([405, 'GET, POST']);
    expect((await request(oauth.app).put('/oauth/token')).status).toBe(405);
    expect((await get(redemption(code))).status).toBe(303);

    const errors = [await get(redemption(code)), await get(redemption('x', { client_secret: 'wrong' })), await get({})];
    expect(errors.map(({ status, body }) => [status, body.error])).toEqual([
      [400, 'invalid_grant'],
      [401, 'invalid_client'],
      [400, 'invalid_request'],
    ]);
    for (const { headers } of errors) expect(headers).not.toHaveProperty('location');

    await oauth.clients.configure({ ...demoApp, id: 'by-post', grantTypesByGet: [] }, secret);
    const byPost = { client_id: 'by-post', client_secret: secret };
    const refused = await get(redemption(await obtainCode(oauth, asked({ client_id: 'by-post' })), byPost));
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_request']);
    expect((await get(refreshing('x'))).body.error).toBe('invalid_request');
  });

  it('a GET goes to the address of the code, its query kept, and never gives a refresh token (59)', async () => {
    const redirect_uri = `${callback}?a=b`;
    await oauth.clients.configure({ ...demoApp, id: 'kept', redirectUris: [redirect_uri] }, secret);
    const code = await obtainCode(oauth, asked({ client_id: 'kept', redirect_uri }));
    const fields = redemption(code, { client_id: 'kept', client_secret: secret, redirect_uri });
    const answer = await request(oauth.app).get(`/oauth/token?${queryOf(fields)}`);
    expect(answer.headers['location']).toMatch(
      /^http:\/\/localhost:8888\/test\?a=b#access_token=[\w-]{43}&token_type=Bearer&expires_in=3600$/,
    );
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.text).toBe('');
  });

  it('a GET of a code at /api/oauth/token answers in JSON, a refresh token included (59)', async () => {
    const answer = await request(oauth.app).get(`/api/oauth/token?${queryOf(redemption(await obtainCode(oauth)))}`);
    expect([answer.status, answer.body.scope, answer.headers['cache-control']]).toEqual([200, 'call', 'no-store']);
    expect((await requestToken(oauth, refreshing(answer.body.refresh_token))).status).toBe(200);
  });

  it('pages of other origins may redeem codes and device codes and refresh, and nothing else', async () => {
    const origin = { Origin: 'https://app.example' };
    const opened = async (answer: request.Test): Promise<unknown> =>
      (await answer.set(origin)).headers['access-control-allow-origin'];
    expect(await opened(requestToken(oauth, redemption('x')))).toBe('*');
    expect(await opened(requestToken(oauth, refreshing('x', { client_secret: 'wrong' })))).toBe('*');
    expect(await opened(requestToken(oauth, redemption('x', { grant_type: DEVICE_CODE_GRANT })))).toBe('*');
    for (const grant_type of ['password', 'client_credentials', 'nonsense']) {
      expect(await opened(requestToken(oauth, redemption('x', { grant_type })))).toBeUndefined();
    }
    const asked = {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization, traceparent',
    };
    const preflight = await request(oauth.app)
      .options('/oauth/token')
      .set({ ...origin, ...asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('authorization, traceparent');
    expect(preflight.headers).not.toHaveProperty('access-control-allow-credentials');
  });
});

describe('a proof of a key (84)', () => {
  /** Makes proofs for the token endpoint with a key of its own. */
  const createProver = async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk: JWK = await exportJWK(publicKey);
    const prove = (changes: object = {}): Promise<string> =>
      new SignJWT({ jti: randomUUID(), htm: 'POST', htu: `${issuer}/oauth/token`, ...changes })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt(Math.floor(oauth.clock.now() / 1000))
        .sign(privateKey);
    return { prove, thumbprint: await calculateJwkThumbprint(jwk) };
  };

  const every = ['authorization_code', 'refresh_token', 'password', 'client_credentials'] as const;
  const client = { client_id: 'prover', client_secret: secret };
  const person = { username: 'demo', password: 'demo' };

  const boundTo = async (token: string): Promise<string | null | undefined> =>
    (await oauth.stores.tokens.findAccess(createHash('sha256').update(token).digest('base64url')))?.dpopKey;

  beforeEach(async () => {
    await oauth.clients.configure({ ...demoApp, id: 'prover', grantTypes: every, tokenBinding: 'dpop' }, secret);
  });

  it('binds what every grant gives', async () => {
    const { prove, thumbprint } = await createProver();
    const bound = async (fields: Fields): Promise<string> => {
      const answer = await requestToken(oauth, { ...client, ...fields }).set('DPoP', await prove());
      expect([answer.status, answer.body.token_type]).toEqual([200, 'DPoP']);
      expect(await boundTo(answer.body.access_token)).toBe(thumbprint);
      return answer.body.refresh_token;
    };
    const code = await obtainCode(oauth, asked({ client_id: 'prover' }));
    const refresh_token = await bound({ grant_type: 'authorization_code', code, redirect_uri: callback });
    await bound({ grant_type: 'refresh_token', refresh_token });
    await bound({ grant_type: 'password', ...person });
    await bound({ grant_type: 'client_credentials' });
  });

  it('is needed by a client whose tokens are all bound', async () => {
    for (const fields of [{ grant_type: 'client_credentials' }, { grant_type: 'password', ...person }]) {
      expect(await refusal({ ...client, ...fields })).toEqual([400, 'invalid_dpop_proof']);
    }
    expect((await requestToken(oauth, redemption(await obtainCode(oauth)))).body.token_type).toBe('bearer');
  });

  it('is refused when it is for another request, malformed or used before, and the code stays good', async () => {
    const { prove } = await createProver();
    const code = await obtainCode(oauth);
    const used = await prove();
    const other = redemption(await obtainCode(oauth, asked({ state: 'other' })));
    expect((await requestToken(oauth, other).set('DPoP', used)).status).toBe(200);
    const wrong = [await prove({ htm: 'GET' }), await prove({ htu: `${issuer}/oauth2/token` }), 'nonsense', used];
    for (const proof of wrong) {
      const answer = await requestToken(oauth, redemption(code)).set('DPoP', proof);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_dpop_proof']);
    }
    expect((await requestToken(oauth, redemption(code)).set('DPoP', await prove())).body.token_type).toBe('DPoP');
  });
});
