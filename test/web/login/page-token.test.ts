import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Agent } from 'supertest';
import { visitorOf } from '../../support/management.ts';
import { createOAuthApp, type OAuthApp } from '../../support/oauth-app.ts';

let oauth: OAuthApp;

beforeAll(async () => {
  oauth = await createOAuthApp();
});
afterAll(() => oauth.close());

const ask = (agent: Agent, fields: object = {}): request.Test =>
  agent.post('/auth/page-token').set('Sec-Fetch-Site', 'same-origin').type('form').send(fields);

const principalOf = (token: string): request.Test =>
  request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${token}`);

describe('POST /auth/page-token', () => {
  it('gives a page of a user who is logged in five minutes of reading', async () => {
    const agent = await visitorOf(oauth, 'demo', 'demo');
    const { status, headers, body } = await ask(agent);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^page_[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'read',
    });
    const { body: principal } = await principalOf(body.access_token).expect(200);
    expect(principal).toMatchObject({ kind: 'user', username: 'demo', scopes: ['read'] });
    oauth.clock.step(299_000);
    await principalOf(body.access_token).expect(200);
    oauth.clock.step(1000);
    await principalOf(body.access_token).expect(401);
  });

  it('takes JSON as well, and gives an operator the calls of everybody', async () => {
    const agent = await visitorOf(oauth, 'operator', 'operator');
    const { body } = await agent.post('/auth/page-token').send({ scope: 'operator' }).expect(200);
    expect(body.scope).toBe('read operator');
    await principalOf(body.access_token).expect(200);
  });

  it.each([
    ['a scope of more than a page needs', { scope: 'call' }, 400, 'invalid_request', 'scope'],
    ['a field that is unknown', { scopes: 'read' }, 400, 'invalid_request', 'scopes'],
    ['the calls of everybody for a user', { scope: 'operator' }, 403, 'insufficient_scope', 'role'],
  ])('refuses %s', async (_what, fields, status, code, named) => {
    const { status: got, body } = await ask(await visitorOf(oauth, 'demo', 'demo'), fields);
    expect([got, body.code]).toEqual([status, code]);
    expect(body.detail).toContain(named);
  });

  it('refuses who has no session, by 401 and with no page', async () => {
    const { status, body } = await request(oauth.app).post('/auth/page-token');
    expect([status, body.code]).toEqual([401, 'not_logged_in']);
  });

  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another origin', { Origin: 'https://evil.example' }],
    ['a frame without an origin', { Origin: 'null' }],
  ])('refuses the session of our user to %s (23)', async (_who, headers) => {
    const agent = await visitorOf(oauth, 'demo', 'demo');
    const { status, body } = await agent.post('/auth/page-token').set(headers);
    expect([status, body.code]).toEqual([403, 'cross_site_request']);
    expect(body.access_token).toBeUndefined();
  });

  it('is no token of an application: a log-out by it is refused', async () => {
    const { body } = await ask(await visitorOf(oauth, 'demo', 'demo'));
    const authorization = { Authorization: `Bearer ${String(body.access_token)}` };
    await request(oauth.app).post('/auth/logout').set(authorization).expect(401);
    await principalOf(body.access_token).expect(200);
  });

  it('is over with the log-out at once, and with no other session of its user', async () => {
    const [here, there] = [await visitorOf(oauth, 'demo', 'demo'), await visitorOf(oauth, 'demo', 'demo')];
    const tokens = [await ask(here), await ask(there)].map(({ body }) => String(body.access_token));
    await here.post('/auth/logout').expect(204);
    const statuses = [];
    for (const token of tokens) statuses.push((await principalOf(token)).status);
    expect(statuses).toEqual([401, 200]);
  });

  it('is over with the account', async () => {
    await oauth.users.create({ username: 'gone', password: 'correct horse', role: 'user' });
    const { body } = await ask(await visitorOf(oauth, 'gone'));
    await principalOf(body.access_token).expect(200);
    const user = await oauth.stores.users.findByUsername('gone');
    await oauth.stores.users.setStatus(user?.id ?? '', 'disabled');
    await principalOf(body.access_token).expect(401);
  });
});
