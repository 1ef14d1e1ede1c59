import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express, { type Express } from 'express';
import request from 'supertest';
import { standUnderPublicPath } from '../../../src/http/public-path.ts';
import { hashSecret } from '../../../src/oauth/model/secrets.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { createSessionMiddleware, logIn, logOut, sessionHash, sessionUser } from '../../../src/web/login/session.ts';
import { aUser } from '../../contracts/records.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const HOUR = 60 * 60 * 1000;

let stores: TestStores;

beforeEach(async () => {
  stores = await createTestStores();
  await stores.users.insert(aUser('user-1'));
});
afterEach(() => stores.close());

const storedSessions = () => stores.database.read(stores.database.builder.selectFrom('sessions').selectAll().compile());

const appAt = (publicUrl: string): Express => {
  const app = express();
  const { sessions, clock } = stores;
  app.use(standUnderPublicPath(publicUrl));
  app.use(createSessionMiddleware({ sessions, clock, ids: createSystemIds(), secret: 'signing-secret', publicUrl }));
  app.get('/who', (req, res) => void res.json({ user: sessionUser(req) ?? null, hash: sessionHash(req) }));
  app.post('/login', async (req, res) => {
    await logIn(req, { user: { id: 'user-1', username: 'demo' }, at: clock.now() });
    res.redirect(303, '/who');
  });
  app.post('/logout', async (req, res) => {
    await logOut(req, res);
    res.redirect(303, '/who');
  });
  return app;
};

const httpApp = (): Express => appAt('http://localhost');

const cookieOf = (response: request.Response): string => response.get('Set-Cookie')?.[0] ?? '';
const pairOf = (response: request.Response): string => cookieOf(response).split(';')[0] ?? '';

describe('the session', () => {
  it('leaves a visitor without a cookie and without a row', async () => {
    const response = await request(httpApp()).get('/who');
    expect(response.body.user).toBeNull();
    expect(response.get('Set-Cookie')).toBeUndefined();
    expect(await storedSessions()).toEqual([]);
  });

  it('knows the person after the login, and belongs to the user in the store', async () => {
    const agent = request.agent(httpApp());
    await agent.post('/login').expect(303);
    const { body } = await agent.get('/who');
    expect(body.user).toEqual({ id: 'user-1', username: 'demo' });
    expect(await storedSessions()).toMatchObject([{ user_id: 'user-1', hash: body.hash }]);
  });

  it('sends the cookie HttpOnly and SameSite=Lax (26)', async () => {
    const cookie = cookieOf(await request(httpApp()).post('/login'));
    expect(cookie).toMatch(/^offhook=s%3A/);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Lax');
    expect(cookie).not.toContain('Secure');
    expect(cookie).not.toContain('Expires');
  });

  it('under https the cookie is Secure and __Host-, whatever a header says of the protocol (26, 82)', async () => {
    const secure = appAt('https://calls.example.org');
    const login = await request(secure).post('/login').set('X-Forwarded-Proto', 'http');
    expect(cookieOf(login)).toMatch(/^__Host-offhook=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const plain = await request(httpApp()).post('/login').set('X-Forwarded-Proto', 'https');
    expect(cookieOf(plain)).not.toContain('Secure');
    const who = await request(secure).get('/who').set('Cookie', pairOf(login));
    expect(who.body.user.username).toBe('demo');
    const logout = await request(secure).post('/logout').set('Cookie', pairOf(login));
    expect(cookieOf(logout)).toMatch(/^__Host-offhook=; Path=\/; Expires=Thu, 01 Jan 1970.*Secure/);
  });

  it.each([
    ['http://localhost:8888', 'offhook-8888', '/', ''],
    ['http://localhost:9999', 'offhook-9999', '/', ''],
    ['http://localhost:9999/phone', 'offhook-9999', '/phone', ''],
    ['https://calls.example.org:8443', '__Host-offhook-8443', '/', 'Secure; '],
    ['https://calls.example.org/phone', '__Secure-offhook', '/phone', 'Secure; '],
    ['https://calls.example.org:8443/a/b', '__Secure-offhook-8443', '/a/b', 'Secure; '],
  ])(
    'at %s the cookie is %s for %s: two services on one host do not log each other out (26)',
    async (url, ...parts) => {
      const [name, path, secure] = parts;
      const cookie = cookieOf(await request(appAt(url)).post('/login'));
      const value = cookie.slice(name.length + 1, cookie.indexOf(';'));
      expect(cookie).toBe(`${name}=${value}; Path=${path}; HttpOnly; ${secure}SameSite=Lax`);
    },
  );

  it('changes its id at every login, and the id before is worth nothing (25)', async () => {
    const app = httpApp();
    const first = await request(app).post('/login');
    const second = await request(app).post('/login').set('Cookie', pairOf(first));
    expect(pairOf(second)).not.toBe('');
    expect(pairOf(second)).not.toBe(pairOf(first));
    const old = await request(app).get('/who').set('Cookie', pairOf(first));
    expect(old.body.user).toBeNull();
    expect(await storedSessions()).toHaveLength(1);
  });

  it('ends at logout, here and in the browser (25)', async () => {
    const app = httpApp();
    const login = await request(app).post('/login');
    const logout = await request(app).post('/logout').set('Cookie', pairOf(login)).expect(303);
    expect(cookieOf(logout)).toContain('offhook=; Path=/; Expires=Thu, 01 Jan 1970');
    expect(await storedSessions()).toEqual([]);
    const after = await request(app).get('/who').set('Cookie', pairOf(login));
    expect(after.body.user).toBeNull();
  });

  it('stores the hash of its id only (50)', async () => {
    const login = await request(httpApp()).post('/login');
    const id =
      decodeURIComponent(pairOf(login))
        .replace(/^offhook=s:/, '')
        .split('.')[0] ?? '';
    expect(id).toMatch(/^[\w-]{43}$/);
    expect(await storedSessions()).toMatchObject([{ hash: hashSecret(id) }]);
    expect(JSON.stringify(await storedSessions())).not.toContain(id);
  });

  it('takes no id that it did not sign', async () => {
    const login = await request(httpApp()).post('/login');
    const forged = pairOf(login).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const who = await request(httpApp()).get('/who').set('Cookie', forged);
    expect(who.body.user).toBeNull();
  });

  it('ends 12 hours after its last use', async () => {
    const agent = request.agent(httpApp());
    await agent.post('/login');
    stores.clock.advance(11 * HOUR);
    expect((await agent.get('/who')).body.user.username).toBe('demo');
    stores.clock.advance(11 * HOUR);
    expect((await agent.get('/who')).body.user.username).toBe('demo');
    stores.clock.advance(12 * HOUR);
    expect((await agent.get('/who')).body.user).toBeNull();
  });

  it('ends 30 days after the login, however much it is used (94)', async () => {
    const agent = request.agent(httpApp());
    await agent.post('/login');
    for (const pause of [...Array<number>(65).fill(11 * HOUR), 5 * HOUR - 1]) {
      stores.clock.advance(pause);
      expect((await agent.get('/who')).body.user.username).toBe('demo');
    }
    stores.clock.advance(1);
    expect((await agent.get('/who')).body.user).toBeNull();
  });

  it('fails as an error, not as a login, when the store fails', async () => {
    stores.sessions.save = () => Promise.reject(new Error('disk full'));
    const agent = request.agent(httpApp());
    await agent.post('/login').expect(500);
    expect((await agent.get('/who')).body.user).toBeNull();
  });
});
