import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload, SignJWT } from 'jose';
import request from 'supertest';
import { createOAuthApp, issuer, type OAuthApp, requestToken, statusWith } from '../support/oauth-app.ts';

interface Tokens {
  readonly access_token: string;
  readonly expires_at: number;
  readonly refresh_token: string;
}

const challenge = 'Basic realm="Offhook", charset="UTF-8"';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  await oauth.users.create({ username: 'myusername', password: 'mypassword', role: 'user' });
});
afterEach(() => oauth.close());

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const get = (path: string, authorization = basic('myusername', 'mypassword')): request.Test =>
  request(oauth.app).get(path).set('Authorization', authorization);

const obtain = async (base = '', authorization?: string): Promise<Tokens> => {
  const answer = await get(`${base}/auth`, authorization);
  expect(answer.status).toBe(200);
  return answer.body;
};

const renew = (tokens: Pick<Tokens, 'access_token' | 'refresh_token'>, base = ''): request.Test =>
  request(oauth.app)
    .post(`${base}/auth/token`)
    .set('Authorization', `Bearer ${tokens.access_token}`)
    .set('Content-Type', 'application/json')
    .send(JSON.stringify({ refresh_token: tokens.refresh_token }));

/** A token signed with our own key, with other claims. */
const resigned = async (token: string, payload: JWTPayload): Promise<string> => {
  const [key] = await oauth.stores.signingKeys.list();
  return new SignJWT({ ...decodeJwt(token), ...payload })
    .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'RS256' })
    .sign(await importJWK(JSON.parse(key!.privateJwk), 'RS256'));
};

describe.each(['', '/api/core/v2'])('seed 003 at %s/auth', (base) => {
  it('gives an access and a refresh token, both JWT, for a name and a password', async () => {
    const answer = await get(`${base}/auth`);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      expires_at: oauth.clock.now() / 1000 + 900,
      refresh_token: expect.stringMatching(/^eyJ/),
    });
    const { access_token, expires_at }: Tokens = answer.body;
    expect(decodeJwt(access_token)).toMatchObject({ client_id: 'offhook', scope: 'all', iss: issuer, exp: expires_at });
    const { body } = await request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${access_token}`);
    expect([body.username, body.clientId, body.scopes]).toEqual(['myusername', 'offhook', ['all']]);
    oauth.clock.advance(900_000);
    expect(await statusWith(oauth, access_token)).toBe(401);
  });

  it('tells whether a name and a password are right, and nothing else', async () => {
    for (const [authorization, status] of [
      [basic('myusername', 'mypassword'), 200],
      [basic('myusername', 'wrong'), 401],
      [basic('nobody', 'mypassword'), 401],
      ['Basic !!!', 401],
    ] as const) {
      const answer = await get(`${base}/auth/test`, authorization);
      expect([answer.status, answer.text]).toEqual([status, '']);
      expect(answer.headers['www-authenticate']).toBe(status === 401 ? challenge : undefined);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect(await oauth.stores.tokens.revokeMatching({})).toBe(0);
  });

  it('renews with the refresh token and the access token, which may have expired', async () => {
    const first = await obtain(base);
    oauth.clock.advance(3 * 24 * 3600 * 1000);
    const answer = await renew(first, base);
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(Object.keys(answer.body)).toEqual(['access_token', 'expires_at', 'refresh_token']);
    const second: Tokens = answer.body;
    expect(second.expires_at).toBe(oauth.clock.now() / 1000 + 900);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect([await statusWith(oauth, first.access_token), await statusWith(oauth, second.access_token)]).toEqual([
      401, 200,
    ]);
    expect((await renew(second, base)).status).toBe(200);
  });

  it('logs out: the family of the token ends', async () => {
    const tokens = await obtain(base);
    const out = (): request.Test =>
      request(oauth.app).post(`${base}/auth/logout`).set('Authorization', `Bearer ${tokens.access_token}`);
    expect((await out()).status).toBe(204);
    expect([await statusWith(oauth, tokens.access_token), (await renew(tokens, base)).status]).toEqual([401, 401]);
    expect((await out()).status).toBe(401);
  });

  it('asks for a name and a password where they are missing or wrong', async () => {
    for (const authorization of [
      basic('myusername', 'wrong'),
      basic('', ''),
      'Basic',
      'Basic bm9jb2xvbg==',
      'Bearer x',
    ]) {
      const answer = await get(`${base}/auth`, authorization);
      expect([authorization, answer.status]).toEqual([authorization, 401]);
      expect(answer.headers['www-authenticate']).toBe(challenge);
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
    const none = await request(oauth.app).get(`${base}/auth`);
    expect([none.status, none.body.code, none.headers['www-authenticate']]).toEqual([401, 'unauthorized', challenge]);
  });

  it('renews nothing with a forged access token, or one of another subject or family (80)', async () => {
    const tokens = await obtain(base);
    const { access_token } = tokens;
    const othersToken = (await obtain(base, basic('demo', 'demo'))).access_token;
    const otherFamily = (await obtain(base)).access_token;
    for (const wrong of [
      othersToken,
      otherFamily,
      tokens.refresh_token,
      `${access_token.slice(0, -8)}AAAAAAAA`,
      await resigned(access_token, { sub: 'somebody' }),
      await resigned(access_token, { family_id: 'another' }),
      await resigned(access_token, { client_id: 'demo-app' }),
      'nonsense',
    ]) {
      const answer = await renew({ ...tokens, access_token: wrong }, base);
      expect([wrong, answer.status, answer.body.code]).toEqual([wrong, 401, 'invalid_token']);
    }
    for (const wrong of [access_token, 'nonsense', await resigned(tokens.refresh_token, { jti: 'never given' })]) {
      expect((await renew({ ...tokens, refresh_token: wrong }, base)).status).toBe(401);
    }
    // All of that used nothing up.
    expect((await renew(tokens, base)).status).toBe(200);
  });

  it('refuses a renewal that is malformed', async () => {
    const { access_token } = await obtain(base);
    const post = (body: string, type = 'application/json'): request.Test =>
      request(oauth.app)
        .post(`${base}/auth/token`)
        .set('Authorization', `Bearer ${access_token}`)
        .set('Content-Type', type)
        .send(body);
    const bodies = [
      '',
      '{',
      '[]',
      'null',
      '{}',
      '{"refresh_token":""}',
      '{"refresh_token":1}',
      '{"refresh_token":["a"]}',
    ];
    for (const body of bodies) expect([body, (await post(body)).status]).toEqual([body, 400]);
    expect((await post('refresh_token=x', 'application/x-www-form-urlencoded')).status).toBe(415);
    expect((await post(JSON.stringify({ refresh_token: 'x'.repeat(40_000) }))).status).toBe(413);
    const none = await request(oauth.app).post(`${base}/auth/token`).send({ refresh_token: 'x' });
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer realm="Offhook"']);
  });

  it('refuses credentials in the query (27)', async () => {
    const { access_token, refresh_token } = await obtain(base);
    for (const query of [{ username: 'x' }, { password: 'x' }, { access_token }, { refresh_token }]) {
      for (const path of ['/auth', '/auth/test']) {
        const answer = await get(`${base}${path}`).query(query);
        expect([query, answer.status]).toEqual([query, 400]);
      }
      expect((await renew({ access_token, refresh_token }, base).query(query)).status).toBe(400);
    }
    expect((await renew({ access_token, refresh_token }, base)).status).toBe(200);
  });

  it('knows one method for each address, and a HEAD gives no tokens', async () => {
    for (const [method, path, allow] of [
      ['post', '/auth', 'GET'],
      ['head', '/auth', 'GET'],
      ['post', '/auth/test', 'GET, HEAD'],
      ['get', '/auth/token', 'POST'],
    ] as const) {
      const answer = await request(oauth.app)
        [method](`${base}${path}`)
        .set('Authorization', basic('myusername', 'mypassword'));
      expect([method, path, answer.status, answer.headers['allow']]).toEqual([method, path, 405, allow]);
    }
    expect(await oauth.stores.tokens.revokeMatching({})).toBe(0);
  });
});

describe('seed 003', () => {
  it('takes names and passwords in UTF-8, with colons', async () => {
    await oauth.users.create({ username: 'jürgen', password: 'grün: ✓ :', role: 'user' });
    expect((await get('/auth', basic('jürgen', 'grün: ✓ :'))).status).toBe(200);
    expect((await get('/auth', basic('jürgen', 'grün'))).status).toBe(401);
    const decomposed = basic('jürgen'.normalize('NFD'), 'grün: ✓ :'.normalize('NFD'));
    expect((await get('/auth', decomposed)).status).toBe(200);
  });

  it('rotates as every refresh does, and reuse revokes the family (62 and 63)', async () => {
    const first = await obtain();
    const answers = await Promise.all([1, 2].map(() => renew(first)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    oauth.clock.advance(10_001);
    expect((await renew(first)).status).toBe(401);
    for (const { body } of answers) {
      expect([await statusWith(oauth, body.access_token), (await renew(body)).status]).toEqual([401, 401]);
    }
  });

  it('ends with the password, and with the account (67)', async () => {
    const tokens = await obtain();
    await oauth.users.setPassword('myusername', 'another password');
    expect([await statusWith(oauth, tokens.access_token), (await renew(tokens)).status]).toEqual([401, 401]);
    const again = await obtain('', basic('myusername', 'another password'));
    await oauth.users.setStatus('myusername', 'disabled');
    expect((await renew(again)).status).toBe(401);
    expect((await get('/auth', basic('myusername', 'another password'))).status).toBe(401);
  });

  it('slows guessing down with 429 and Retry-After (35)', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      statuses.push((await get(attempt % 2 === 0 ? '/auth' : '/auth/test', basic('demo', `guess ${attempt}`))).status);
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    const limited = await get('/auth', basic('demo', 'demo'));
    expect([limited.status, Number(limited.headers['retry-after']) > 0]).toEqual([429, true]);
  });

  it('gives no account of the sandbox to a forwarded request', async () => {
    const forwarded = (authorization: string): request.Test =>
      get('/auth', authorization).set('X-Forwarded-For', '203.0.113.9');
    expect((await forwarded(basic('demo', 'demo'))).status).toBe(401);
    expect((await forwarded(basic('myusername', 'mypassword'))).status).toBe(200);
    const tokens = await obtain('', basic('demo', 'demo'));
    expect((await renew(tokens).set('X-Forwarded-For', '203.0.113.9')).status).toBe(401);
  });

  it('its client has no grant at the token endpoint (56)', async () => {
    const { refresh_token } = await obtain();
    for (const fields of [
      { grant_type: 'refresh_token', refresh_token },
      { grant_type: 'password', username: 'myusername', password: 'mypassword' },
      { grant_type: 'client_credentials' },
      { grant_type: 'authorization_code', code: 'x' },
    ]) {
      const answer = await requestToken(oauth, { client_id: 'offhook', ...fields });
      expect([fields.grant_type, answer.status, answer.body.error]).toEqual([
        fields.grant_type,
        400,
        'unauthorized_client',
      ]);
    }
  });

  it('no configured client takes the place of its own', async () => {
    const mine = { id: 'offhook', name: 'Mine', type: 'public', redirectUris: [`${issuer}/test`] } as const;
    await expect(oauth.clients.configure(mine, null)).rejects.toMatchObject({ code: 'invalid_account' });
    await expect(oauth.clients.create(mine)).rejects.toMatchObject({ code: 'invalid_account' });
  });

  it('leaves the pages alone, and has no CORS', async () => {
    const page = await request(oauth.app).get('/auth/login').set('Accept', 'text/html');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const foreign = await get('/auth').set('Origin', 'https://evil.example');
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('is told of in the audit log', async () => {
    await renew(await obtain());
    const events = await oauth.stores.audit.list({ limit: 10 });
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['login.succeeded', 'token.issued', 'token.refreshed']),
    );
    expect(events.find(({ event }) => event === 'token.issued')).toMatchObject({
      ...{ clientId: 'offhook', username: 'myusername', detail: 'basic' },
    });
  });
});

describe('outside the sandbox', () => {
  const addresses = ['', '/api/core/v2'].flatMap((base) => ['/auth', '/auth/test'].map((path) => `${base}${path}`));

  it.each(['on', 'off'] as const)('it is there only where it is switched %s (92)', async (basicLogin) => {
    const other = await createOAuthApp({ sandbox: 'off', basicLogin });
    try {
      await other.users.create({ username: 'myusername', password: 'mypassword', role: 'user' });
      const asking = (path: string) => request(other.app).get(path).auth('myusername', 'mypassword');
      for (const path of addresses)
        expect([path, (await asking(path)).status]).toEqual([path, basicLogin === 'on' ? 200 : 404]);
      if (basicLogin === 'on') return;
      for (const path of ['/auth/token', '/api/core/v2/auth/token', '/api/core/v2/auth/logout']) {
        expect([path, (await request(other.app).post(path).send({})).status]).toEqual([path, 404]);
      }
      expect((await request(other.app).get('/auth/login').set('Accept', 'text/html')).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('it is switched off where nothing is said (92)', async () => {
    const other = await createOAuthApp({ sandbox: 'off' });
    const { status } = await request(other.app).get('/auth').auth('myusername', 'mypassword');
    await other.close();
    expect(status).toBe(404);
    expect((await get('/auth')).status).toBe(200);
  });
});
