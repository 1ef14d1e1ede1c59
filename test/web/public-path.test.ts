import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Agent } from 'supertest';
import { asked, createOAuthApp, type OAuthApp, queryOf } from '../support/oauth-app.ts';

const publicUrl = 'https://calls.example/phone';
const callback = `${publicUrl}/test`;
const html = { Accept: 'text/html' };
const password = 'correct horse';

let oauth: OAuthApp;
beforeAll(async () => {
  oauth = await createOAuthApp({ publicUrl });
  await oauth.users.create({ username: 'root', password, role: 'admin' });
  const shop = { id: 'shop', name: 'Shop', type: 'public', redirectUris: [callback] } as const;
  await oauth.clients.configure({ ...shop, responseTypes: ['code', 'token'], codeChallenge: 'optional' }, null);
});
afterAll(() => oauth.close());

const question = asked({ client_id: 'shop', response_type: 'token', redirect_uri: callback });

/** Keeps the cookie by hand: the requests come as from a proxy that has stripped path and TLS. */
const loggedIn = async (): Promise<Agent> => {
  const entered = await request(oauth.app)
    .post('/auth/login')
    .type('form')
    .send({ ...question, username: 'root', password })
    .expect(303);
  expect(entered.headers['location']).toBe(`/phone/auth/grant?${queryOf(question)}`);
  const agent = request.agent(oauth.app);
  return agent.set('Cookie', entered.get('Set-Cookie')?.[0]?.split(';')[0] ?? '');
};

const addressesIn = (page: string): string[] =>
  Array.from(page.matchAll(/\s(?:href|src|action|formaction)="([^"]*)"/g), ([, address = '']) => address);

describe('under a path of its host', () => {
  it.each([
    ['/'],
    ['/test'],
    ['/auth/login'],
    [`/auth/grant?${queryOf(question)}`],
    ['/device'],
    ['/management/api'],
    ['/management/api/keys'],
    ['/management/apps'],
    ['/management/account'],
    ['/management/audit'],
    ['/oauth/auth?client_id=unknown'],
  ])('no address on the page %s lacks it', async (path) => {
    const agent = path === '/auth/login' ? request(oauth.app) : await loggedIn();
    const page = await agent.get(path).set(html);
    expect(page.type).toBe('text/html');
    const addresses = addressesIn(page.text);
    expect(addresses).toContain('/phone/');
    expect(addresses.filter((address) => !address.startsWith('/phone/') && address !== '#content')).toEqual([]);
    for (const asset of addresses.filter((address) => address.startsWith('/phone/assets/'))) {
      await request(oauth.app).get(asset.slice('/phone'.length)).expect(200);
    }
  });

  it.each([
    [`/oauth/auth?${queryOf(question)}`, `/phone/auth/login?${queryOf(question)}`],
    ['/device?user_code=A', '/phone/auth/login?return_to=%2Fdevice%3Fuser_code%3DA'],
    ['/management/api?a=b', '/phone/auth/login?return_to=%2Fphone%2Fmanagement%2Fapi%3Fa%3Db'],
    [`/auth/grant?${queryOf(question)}`, `/phone/auth/login?${queryOf(question)}`],
  ])('%s leads to the login with it', async (path, place) => {
    const redirect = await request(oauth.app).get(path).set(html);
    expect(redirect.headers['location']).toBe(place);
  });

  it.each([
    ['/management/api', '/phone/management/api'],
    ['/phone/management/api', '/phone/management/api'],
    ['//evil.example/', '/phone/'],
    ['https://calls.example/other', '/phone/'],
  ])('a login on the way to %s leads to %s', async (return_to, place) => {
    const entered = await request(oauth.app)
      .post('/auth/login')
      .type('form')
      .send({ return_to, username: 'root', password });
    expect(entered.headers['location']).toBe(place);
  });

  it('the cookie is for the path alone, and goes at the logout (26)', async () => {
    const entered = await request(oauth.app).post('/auth/login').type('form').send({ username: 'root', password });
    const [cookie = ''] = entered.get('Set-Cookie') ?? [];
    expect(cookie).toMatch(/^__Secure-offhook=[^;]+; Path=\/phone; HttpOnly; Secure; SameSite=Lax$/);
    const left = await request(oauth.app)
      .post('/auth/logout')
      .set(html)
      .set('Cookie', cookie.split(';')[0] ?? '');
    expect(left.headers['location']).toBe('/phone/');
    expect(left.get('Set-Cookie')?.[0]).toMatch(/^__Secure-offhook=; Path=\/phone; Expires=Thu, 01 Jan 1970.*Secure/);
  });

  it.each([
    ['/.well-known/oauth-authorization-server', 'issuer', publicUrl],
    ['/.well-known/oauth-authorization-server/phone', 'issuer', publicUrl],
    ['/.well-known/oauth-authorization-server/phone', 'token_endpoint', `${publicUrl}/oauth/token`],
    ['/.well-known/oauth-protected-resource/rest/call', 'resource', `${publicUrl}/rest/call`],
    ['/.well-known/oauth-protected-resource/phone/rest/call', 'resource', `${publicUrl}/rest/call`],
  ])('%s has as its %s %s (81)', async (path, name, value) => {
    expect((await request(oauth.app).get(path)).body).toMatchObject({ [name]: value });
  });
});
