import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { audited } from '../../support/audited.ts';
import {
  arrival,
  asked,
  createOAuthApp,
  demoApp,
  type Fields,
  loggedIn,
  type OAuthApp,
  obtainCode,
  obtainTokens,
  presented,
  redemption,
  refreshing,
  requestToken,
  statusWith,
  type Tokens,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const DAY = 24 * 3600 * 1000;

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

const obtain = (fields?: Fields, name?: string): Promise<Tokens> => obtainTokens(oauth, fields, name);

const refresh = async (token: string, changes: Fields = {}): Promise<Tokens> => {
  const answer = await requestToken(oauth, refreshing(token, changes));
  expect(answer.status).toBe(200);
  return answer.body;
};

const refusal = async (token: string, changes: Fields = {}): Promise<[number, string]> => {
  const answer = await requestToken(oauth, refreshing(token, changes));
  return [answer.status, answer.body.error];
};

const dead = [400, 'invalid_grant'];

describe('refreshing', () => {
  it('rotates, and reuse of an old token revokes the family (62)', async () => {
    const first = await obtain();
    const second = await refresh(first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'call' });
    expect(await statusWith(oauth, second.access_token)).toBe(200);
    oauth.clock.advance(10_001);
    expect(await refusal(first.refresh_token)).toEqual(dead);
    expect(await statusWith(oauth, second.access_token)).toBe(401);
    expect(await refusal(second.refresh_token)).toEqual(dead);
  });

  it('gives five tabs the same answer within 10 seconds, and is reuse after them (63)', async () => {
    const first = await obtain();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(first.refresh_token)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    oauth.clock.advance(10_000);
    expect(await refresh(first.refresh_token)).toEqual({ ...answers[0], expires_in: 3590 });
    const next = await refresh(answers[2]!.refresh_token);
    oauth.clock.advance(1);
    expect(await refusal(first.refresh_token)).toEqual(dead);
    for (const { access_token } of [answers[0]!, next]) expect(await statusWith(oauth, access_token)).toBe(401);
  });

  it('is counted in the audit log, as what gave the tokens is, and so is every replay (93)', async () => {
    const code = await obtainCode(oauth);
    const { body } = await requestToken(oauth, redemption(code));
    await refresh(body.refresh_token);
    expect(await refusal(code)).toEqual(dead);
    oauth.clock.advance(5001);
    expect((await requestToken(oauth, redemption(code))).status).toBe(400);
    expect((await requestToken(oauth, redemption(code))).status).toBe(400);
    const other = await obtain(asked({ state: 'other' }));
    await refresh(other.refresh_token);
    oauth.clock.advance(10_001);
    expect(await refusal(other.refresh_token)).toEqual(dead);
    const about = { username: 'demo', clientId: 'demo-app', address: expect.any(String) };
    const [byCode, byToken] = [
      { ...about, detail: 'authorization_code' },
      { ...about, detail: 'refresh_token' },
    ];
    expect(await audited(oauth.stores, 'token.issued')).toMatchObject([{ ...byCode, count: 2 }]);
    expect(await audited(oauth.stores, 'token.refreshed')).toMatchObject([{ ...byToken, count: 2 }]);
    expect(await audited(oauth.stores, 'token.replayed')).toMatchObject([{ ...byCode, count: 2 }, byToken]);
  });

  it('narrows the scope, never widens it, and the next refresh has the original again (64)', async () => {
    const first = await obtain(asked({ scope: 'call read' }));
    const narrow = await refresh(first.refresh_token, { scope: 'read' });
    expect(narrow.scope).toBe('read');
    const { body } = await request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${narrow.access_token}`);
    expect(body.scopes).toEqual(['read']);
    expect(await refusal(narrow.refresh_token, { scope: 'call operator' })).toEqual([400, 'invalid_scope']);
    expect(await refusal(narrow.refresh_token, { scope: 'nonsense' })).toEqual([400, 'invalid_scope']);
    expect((await refresh(narrow.refresh_token)).scope).toBe('call read');
  });

  it('is bound to the client, and a foreign attempt does no harm (65)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'thief' }, secret);
    const { refresh_token } = await obtain();
    expect(await refusal(refresh_token, { client_id: 'thief', client_secret: secret })).toEqual(dead);
    await refresh(refresh_token);
  });

  it('ends when it is not used, and at the absolute end (66)', async () => {
    const idle = await obtain();
    oauth.clock.advance(30 * DAY - 1);
    let used = await refresh(idle.refresh_token);
    oauth.clock.advance(30 * DAY);
    expect(await refusal(used.refresh_token)).toEqual(dead);

    used = await obtain(asked({ state: 'again' }));
    for (let day = 0; day < 180 - 29; day += 29) {
      oauth.clock.advance(29 * DAY);
      used = await refresh(used.refresh_token);
    }
    oauth.clock.advance(6 * DAY - 60_000);
    used = await refresh(used.refresh_token);
    expect(used.expires_in).toBe(60);
    oauth.clock.advance(60_000);
    expect(await refusal(used.refresh_token)).toEqual(dead);
    expect(await statusWith(oauth, used.access_token)).toBe(401);
  });

  it('asks for a refresh_token', async () => {
    expect(await refusal('')).toEqual([400, 'invalid_request']);
    expect(await refusal('nonsense')).toEqual(dead);
  });
});

describe('tokens are revoked (67)', () => {
  const expectRevoked = async ({ access_token, refresh_token }: Tokens): Promise<void> => {
    expect(await statusWith(oauth, access_token)).toBe(401);
    expect((await requestToken(oauth, refreshing(refresh_token))).status).not.toBe(200);
  };

  it('with a new password, which ends sessions and codes too', async () => {
    const tokens = await obtain();
    const others = await obtain(asked(), 'operator');
    const code = await obtainCode(oauth, asked({ state: 'pending' }));
    const agent = await loggedIn(oauth);
    await oauth.users.setPassword('demo', 'a new password');
    await expectRevoked(tokens);
    expect((await requestToken(oauth, redemption(code))).status).toBe(400);
    expect((await agent.get('/auth/grant')).headers['location']).toMatch(/^\/auth\/login/);
    expect(await statusWith(oauth, others.access_token)).toBe(200);
    const entered = await request(oauth.app)
      .post('/auth/login')
      .type('form')
      .send({ username: 'demo', password: 'a new password' });
    expect(entered.status).toBe(303);
  });

  it('when the account is disabled, and do not come back with it', async () => {
    const tokens = await obtain();
    const agent = await loggedIn(oauth);
    await oauth.users.setStatus('demo', 'disabled');
    await expectRevoked(tokens);
    expect(
      (
        await agent
          .post('/auth/grant')
          .type('form')
          .send({ ...asked(), grant: 'true' })
      ).status,
    ).toBe(400);
    await oauth.users.setStatus('demo', 'active');
    await expectRevoked(tokens);
  });

  it('with a new secret of the client', async () => {
    const tokens = await obtain();
    const { secret: fresh } = await oauth.clients.rotateSecret('demo-app');
    expect(await statusWith(oauth, tokens.access_token)).toBe(401);
    expect(await refusal(tokens.refresh_token)).toEqual([401, 'invalid_client']);
    expect(await refusal(tokens.refresh_token, { client_secret: fresh! })).toEqual(dead);
  });

  it('with a new secret in the configuration, and not with the same', async () => {
    const tokens = await obtain();
    await oauth.clients.configure(demoApp, 'demo-secret');
    expect(await statusWith(oauth, tokens.access_token)).toBe(200);
    await oauth.clients.configure(demoApp, 'another-secret');
    expect(await statusWith(oauth, tokens.access_token)).toBe(401);
  });

  it('by an administrator: one, those of a client, or those of a user', async () => {
    const [one, two] = [await obtain(), await obtain(asked({ state: '2' }))];
    expect(await oauth.tokenAdmin.revoke(one.access_token)).toBe('revoked');
    expect(await oauth.tokenAdmin.revoke(one.refresh_token)).toBe('unknown');
    await expectRevoked(one);
    expect(await statusWith(oauth, two.access_token)).toBe(200);
    expect(await oauth.tokenAdmin.revokeAll({ username: 'demo', clientId: 'demo-js' })).toBe(0);
    expect(await oauth.tokenAdmin.revokeAll({ username: 'demo' })).toBe(1);
    await expectRevoked(two);
    const three = await obtain(asked({ state: '3' }));
    expect(await oauth.tokenAdmin.revokeAll({ clientId: 'demo-app' })).toBe(1);
    await expectRevoked(three);
    await expect(oauth.tokenAdmin.revokeAll({ username: 'nobody' })).rejects.toThrow('no user');
  });
});

describe('an access token', () => {
  const call = (token: string): request.Test =>
    request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${token}`);

  it('says on whose behalf it acts, and what it allows', async () => {
    const { access_token } = await obtain(asked({ scope: 'call operator' }), 'operator');
    const { body } = await call(access_token);
    expect(body).toMatchObject({
      username: 'operator',
      role: 'operator',
      clientId: 'demo-app',
      scopes: ['call', 'operator'],
    });
    expect(JSON.stringify(body)).not.toContain(access_token);
    const principal = await oauth.tokenVerifier.verify(presented(access_token));
    const permissions = principal.kind === 'user' ? [...principal.permissions].sort() : [];
    expect(permissions).toEqual([
      ...['calls:place', 'calls:read', 'calls:read-all', 'calls:stop', 'calls:stop-all'],
      ...['jobs:read', 'jobs:restart', 'jobs:write'],
    ]);
  });

  it('is refused when it is unknown or has expired (71)', async () => {
    const { access_token } = await obtain();
    expect((await call('nonsense')).status).toBe(401);
    oauth.clock.advance(3_599_999);
    expect((await call(access_token)).status).toBe(200);
    oauth.clock.advance(1);
    const expired = await call(access_token);
    expect(expired.status).toBe(401);
    expect(expired.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('is taken in the query, unless its client may not send it there (75)', async () => {
    const { access_token } = await obtain();
    const inQuery = (): request.Test => request(oauth.app).get(`/rest/call?access_token=${access_token}`);
    expect((await inQuery()).status).toBe(200);
    await oauth.clients.configure({ ...demoApp, tokenInQuery: 'refused' }, 'demo-secret');
    expect((await inQuery()).status).toBe(401);
    expect((await call(access_token)).status).toBe(200);
  });

  it('is no refresh token, nor the reverse (76)', async () => {
    const { access_token, refresh_token } = await obtain();
    expect((await call(refresh_token)).status).toBe(401);
    expect(await refusal(access_token)).toEqual(dead);
    expect((await call(access_token)).status).toBe(200);
    const code = await obtainCode(oauth, asked({ state: 'code' }));
    expect((await call(code)).status).toBe(401);
  });

  it('of a sandbox account is refused to a forwarded request', async () => {
    const { access_token } = await obtain();
    await expect(oauth.tokenVerifier.verify({ ...presented(access_token), route: 'forwarded' })).rejects.toThrow(
      'not valid',
    );
    const agent = await loggedIn(oauth, asked({ response_type: 'token' }));
    const answer = await agent
      .post('/auth/grant')
      .type('form')
      .send({ ...asked({ response_type: 'token' }), grant: 'true' });
    const token = arrival(answer).fragment.get('access_token')!;
    await expect(oauth.tokenVerifier.verify(presented(token))).resolves.toMatchObject({ username: 'demo' });
  });
});
