import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { audited } from '../../support/audited.ts';
import {
  asked,
  createOAuthApp,
  demoApp,
  type Fields,
  type OAuthApp,
  obtainTokens,
  refreshing,
  requestToken,
  statusWith,
  type Tokens,
  without,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const credentials = { client_id: 'demo-app', client_secret: 'demo-secret' };

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

const obtain = (fields?: Fields, name?: string): Promise<Tokens> => obtainTokens(oauth, fields, name);

const refresh = async (token: string): Promise<Tokens> => (await requestToken(oauth, refreshing(token))).body;

const revoke = (token: string, changes: Fields = credentials): Promise<Response> =>
  Promise.resolve(
    request(oauth.app)
      .post('/oauth/revoke')
      .type('form')
      .send({ token, ...changes }),
  );

const expectDone = ({ status, body, headers }: Response): void => {
  expect([status, body, headers['cache-control']]).toEqual([200, {}, 'no-store']);
};

const expectWorking = async ({ access_token, refresh_token }: Tokens): Promise<void> => {
  expect(await statusWith(oauth, access_token)).toBe(200);
  expect((await requestToken(oauth, refreshing(refresh_token))).status).toBe(200);
};

const revocations = () => audited(oauth.stores, 'token.revoked');

describe('revocation (68)', () => {
  it('takes an unknown token for one that is revoked already (68)', async () => {
    for (const token of ['nonsense', 'A'.repeat(43), 'a.b.c', 'ü']) expectDone(await revoke(token));
    const { access_token } = await obtain();
    expectDone(await revoke(access_token));
    expectDone(await revoke(access_token));
    expect(await revocations()).toHaveLength(1);
  });

  it('ends an access token alone (68)', async () => {
    const tokens = await obtain();
    expectDone(await revoke(tokens.access_token));
    expect(await statusWith(oauth, tokens.access_token)).toBe(401);
    await expectWorking(await refresh(tokens.refresh_token));
  });

  it('takes the access tokens of a refresh token along, those before its rotation too (68)', async () => {
    const first = await obtain();
    const second = await refresh(first.refresh_token);
    expectDone(await revoke(second.refresh_token));
    for (const { access_token, refresh_token } of [first, second]) {
      expect(await statusWith(oauth, access_token)).toBe(401);
      expect((await requestToken(oauth, refreshing(refresh_token))).body.error).toBe('invalid_grant');
    }
  });

  it('leaves the tokens of another client alone, and does not say so (68)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'thief' }, secret);
    const tokens = await obtain();
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      expectDone(await revoke(token, { client_id: 'thief', client_secret: secret }));
      expectDone(await revoke(token, { client_id: 'demo-js' }));
    }
    await expectWorking(tokens);
    expect(await revocations()).toEqual([]);
  });

  it.each(['access_token', 'refresh_token', 'nonsense'])('finds the token whatever the hint: %s', async (hint) => {
    const [one, two] = [await obtain(), await obtain(asked({ state: '2' }))];
    expectDone(await revoke(one.access_token, { ...credentials, token_type_hint: hint }));
    expectDone(await revoke(two.refresh_token, { ...credentials, token_type_hint: hint }));
    for (const { access_token } of [one, two]) expect(await statusWith(oauth, access_token)).toBe(401);
  });

  it('finds JWT, and does not know those that have expired', async () => {
    await oauth.clients.configure({ ...demoApp, tokenFormat: 'jwt' }, 'demo-secret');
    const tokens = await obtain();
    expect(tokens.access_token.split('.')).toHaveLength(3);
    expectDone(await revoke(tokens.access_token));
    expect(await statusWith(oauth, tokens.access_token)).toBe(401);
    const next = await refresh(tokens.refresh_token);
    expectDone(await revoke(next.refresh_token));
    expect(await statusWith(oauth, next.access_token)).toBe(401);
    const old = await obtain(asked({ state: 'again' }));
    oauth.clock.advance(3600 * 1000);
    expectDone(await revoke(old.access_token));
    expect(await revocations()).toHaveLength(2);
  });

  it('serves a public client by its id', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'public', type: 'public', codeChallenge: 'required' }, null);
    expectDone(await revoke('nonsense', { client_id: 'public' }));
  });

  it('records who revoked what, and never the token', async () => {
    const tokens = await obtain();
    await revoke(tokens.access_token);
    await revoke(tokens.refresh_token);
    const events = await revocations();
    expect(events.map(({ clientId, username, detail }) => [clientId, username, detail])).toEqual([
      ['demo-app', 'demo', 'access token'],
      ['demo-app', 'demo', 'refresh token'],
    ]);
    expect(events[0]!.address).toMatch(/127\.0\.0\.1$/);
    expect(JSON.stringify(events)).not.toContain(tokens.access_token);
  });

  it('refuses as the token endpoint does', async () => {
    const refusal = async (fields: Fields): Promise<[number, string]> => {
      const answer = await request(oauth.app).post('/oauth/revoke').type('form').send(fields);
      expect(answer.headers['cache-control']).toBe('no-store');
      return [answer.status, answer.body.error];
    };
    expect(await refusal({ token: 'x' })).toEqual([401, 'invalid_client']);
    expect(await refusal({ token: 'x', ...credentials, client_secret: 'wrong' })).toEqual([401, 'invalid_client']);
    expect(await refusal(without({ token: 'x', ...credentials }, 'client_secret'))).toEqual([401, 'invalid_client']);
    expect(await refusal(credentials)).toEqual([400, 'invalid_request']);

    const post = () => request(oauth.app).post('/oauth/revoke');
    const body = 'client_id=demo-app&client_secret=demo-secret&token=x';
    expect((await post().type('form').send(`${body}&token=y`)).body.error).toBe('invalid_request');
    expect(
      (
        await post()
          .type('form')
          .send(`${body}&a=${'a'.repeat(40_000)}`)
      ).status,
    ).toBe(413);
    expect((await post().send({ token: 'x', ...credentials })).status).toBe(415);
    expect((await post().type('form').send('%')).status).toBe(400);
    const wrongMethod = await request(oauth.app).get('/oauth/revoke');
    expect([wrongMethod.status, wrongMethod.headers['allow']]).toEqual([405, 'POST']);
    const basic = await post().type('form').auth('demo-app', 'wrong').send({ token: 'x' });
    expect(basic.headers['www-authenticate']).toMatch(/^Basic realm=/);
  });

  it('does not serve the sandbox through a proxy', async () => {
    const tokens = await obtain();
    const answer = await request(oauth.app)
      .post('/oauth/revoke')
      .set('X-Forwarded-For', '192.0.2.1')
      .type('form')
      .send({ token: tokens.access_token, ...credentials });
    expect(answer.status).toBe(401);
    await expectWorking(tokens);
  });
});
