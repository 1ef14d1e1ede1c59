import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createPasswordHasher } from '../../../src/oauth/model/secrets.ts';
import {
  answerConsent as answer,
  arrival,
  asked,
  callback,
  cookieOf,
  createOAuthApp,
  type Fields,
  issuer,
  loggedIn,
  type OAuthApp,
  queryOf,
  redemption,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const html = { Accept: 'text/html' };
const demo = { username: 'demo', password: 'demo' };

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

const logIn = (fields: Fields, from?: string): request.Test => {
  const attempt = request(oauth.app).post('/auth/login').type('form').send(fields);
  return from === undefined ? attempt : attempt.set('X-Forwarded-For', from);
};

describe('the headers of the pages', () => {
  it('keep them out of frames, caches and the Referer of others (20 to 22)', async () => {
    const agent = await loggedIn(oauth);
    for (const page of [
      await request(oauth.app)
        .get(`/auth/login?${queryOf(asked())}`)
        .set(html),
      await agent.get(`/auth/grant?${queryOf(asked())}`).set(html),
      await request(oauth.app).post('/auth/grant').type('form').send(asked()).set(html),
      await agent.post('/auth/logout').set(html),
      await request(oauth.app).get('/oauth/auth').set(html),
    ]) {
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
      expect(page.headers['x-frame-options']).toBe('DENY');
      expect(page.headers['referrer-policy']).toBe('same-origin');
      expect(page.headers['cache-control']).toBe('no-store');
      expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
    }
    expect((await request(oauth.app).get(`/oauth/auth?${queryOf(asked())}`)).headers['cache-control']).toBe('no-store');
    const redirect = await answer(agent, asked());
    expect(redirect.headers['cache-control']).toBe('no-store');
    expect(redirect.headers['referrer-policy']).toBe('same-origin');
  });

  it('shows both as pages to a browser, the parameters in hidden inputs, the choice as two buttons', async () => {
    const fields = asked({ state: '"><b>' });
    const login = await request(oauth.app)
      .get(`/auth/login?${queryOf(fields)}`)
      .set(html);
    expect(login.headers['content-type']).toMatch(/^text\/html/);
    expect(login.text).toContain('<input type="hidden" name="state" value="&quot;&gt;&lt;b&gt;">');
    const grant = await (await loggedIn(oauth, fields)).get(`/auth/grant?${queryOf(fields)}`).set(html);
    expect(grant.text).toMatch(/<button [^>]*name="grant" value="true"/);
    expect(grant.text).toContain('localhost:8888');
    expect(grant.text).toContain('Place calls in your name');
  });
});

describe('requests from other sites', () => {
  it.each([
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ 'Sec-Fetch-Site': 'none' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site', Origin: issuer }, 403],
    [{ Origin: 'https://evil.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{ 'Sec-Fetch-Site': 'same-origin', Origin: issuer }, 303],
    [{ Origin: issuer }, 303],
    [{}, 303],
  ])('%j on a form that uses the session: %i (23)', async (headers, status) => {
    const agent = await loggedIn(oauth);
    const granted = await answer(agent, asked()).set(headers);
    expect(granted.status).toBe(status);
    expect((await agent.post('/auth/logout').set({ ...headers, ...html })).status).toBe(status);
  });

  it('cannot log a browser in (24)', async () => {
    const entered = await logIn(demo).set('Origin', 'https://evil.example');
    expect(entered.status).toBe(403);
    expect(cookieOf(entered)).toBe('');
  });
});

describe('the session', () => {
  it('its id changes at login and logout, and the old one is worth nothing (25)', async () => {
    const first = cookieOf(await logIn(demo)).split(';')[0]!;
    const second = await logIn(demo).set('Cookie', first);
    const cookie = cookieOf(second).split(';')[0]!;
    expect(cookie).not.toBe(first);
    const page = (value: string): request.Test =>
      request(oauth.app)
        .get(`/auth/grant?${queryOf(asked())}`)
        .set('Cookie', value);
    expect((await page(first)).headers['location']).toMatch(/^\/auth\/login/);
    expect((await page(cookie)).status).toBe(200);
    const ended = await request(oauth.app).post('/auth/logout').set('Cookie', cookie);
    expect(ended.status).toBe(204);
    expect(cookieOf(ended)).toMatch(/^offhook-8888=;/);
    expect((await page(cookie)).headers['location']).toMatch(/^\/auth\/login/);
  });

  it('its cookie is HttpOnly and SameSite, and under https Secure and __Host- (26)', async () => {
    expect(cookieOf(await logIn(demo))).toMatch(/^offhook-8888=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    const secure = await createOAuthApp({ publicUrl: 'https://calls.example' });
    try {
      const entered = await request(secure.app).post('/auth/login').type('form').send(demo);
      expect(cookieOf(entered)).toMatch(/^__Host-offhook=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    } finally {
      await secure.close();
    }
  });

  it('credentials in the query are refused (27)', async () => {
    const query = queryOf({ ...asked(), ...demo });
    expect((await request(oauth.app).get(`/auth/login?${query}`)).status).toBe(400);
    const entered = await request(oauth.app)
      .post(`/auth/login?${queryOf(demo)}`)
      .type('form')
      .send(asked());
    expect(entered.status).toBe(400);
    expect(cookieOf(entered)).toBe('');
  });

  it.each([
    ['/management/api?a=b', '/management/api?a=b'],
    ['https://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['/a\\..\\evil', '/'],
    ['/\tevil', '/'],
    ['javascript:alert(1)', '/'],
    ['', '/'],
  ])('after a login to "%s" one is at %s (28)', async (wish, place) => {
    expect((await logIn({ ...demo, return_to: wish })).headers['location']).toBe(place);
  });

  it('what applications and people call themselves is escaped (33)', async () => {
    const agent = await loggedIn(oauth);
    const page = await agent.get(`/auth/grant?${queryOf(asked())}`).set(html);
    expect(page.text).toContain('Demo &lt;b&gt;application&lt;/b&gt;');
    expect(page.text).not.toContain('<b>application');
  });
});

describe('passwords', () => {
  it('an unknown user, a wrong password and a disabled user get the same answer (34)', async () => {
    await oauth.close();
    oauth = await createOAuthApp({ hasher: createPasswordHasher() });
    await oauth.users.create({ username: 'gone', password: 'long enough', role: 'user' });
    await oauth.users.setStatus('gone', 'disabled');
    const attempts = [
      { username: 'nobody', password: 'x' },
      { ...demo, password: 'x' },
      { username: 'gone', password: 'long enough' },
    ];
    const times: number[] = [];
    for (const fields of attempts) {
      const before = performance.now();
      const refused = await logIn({ ...asked(), ...fields });
      times.push(performance.now() - before);
      expect(refused.status).toBe(401);
      expect(refused.body).toEqual({ ...asked(), error: 'The username or the password is not right.' });
      expect(cookieOf(refused)).toBe('');
    }
    expect(Math.min(...times)).toBeGreaterThan(5);
    const page = await logIn({ ...asked(), ...demo, password: 'x' }).set(html);
    expect(page.status).toBe(401);
    expect(page.text).toContain('The username or the password is not right.');
    expect(page.text).toContain('name="client_id" value="demo-app"');
    expect(page.text).not.toContain('name="password" type="password" value');
  });

  it('the name that was typed stays in the page, and the password does not; a reload asks for the page', async () => {
    const page = await logIn({ ...asked(), username: '"Demo" ', password: 'a wrong one' }).set(html);
    expect(page.status).toBe(401);
    expect(page.text).toContain('value="&quot;Demo&quot; "');
    expect(page.text).toMatch(/id="password" name="password" type="password" required autofocus/);
    expect(page.text).not.toContain('a wrong one');
    expect(page.text).toContain(`<link rel="canonical" href="/auth/login?client_id=demo-app&amp;`);
    expect(page.text).not.toMatch(/canonical" href="[^"]*(username|Demo)/);
  });

  it.each(['Demo', 'demo ', ' DEMO', '\u00a0demo'])('the name "%s" is that of demo (97)', async (username) => {
    const agent = request.agent(oauth.app);
    await agent.post('/auth/login').type('form').send({ username, password: 'demo' }).expect(303);
    expect((await agent.get('/')).body.username).toBe('demo');
    await logIn({ username, password: 'Demo' }).expect(401);
  });

  it('JÜRGEN and jürgen are one user (97)', async () => {
    await oauth.users.create({ username: 'JÜRGEN', password: 'correct horse', role: 'user' });
    const again = { username: 'jürgen', password: 'correct horse', role: 'user' } as const;
    await expect(oauth.users.create(again)).rejects.toThrow('There is a user jürgen already.');
    await logIn({ username: 'Ju\u0308rgen', password: 'correct horse' }).expect(303);
    await oauth.users.setStatus('jürgen', 'disabled');
    await logIn({ username: 'JÜRGEN', password: 'correct horse' }).expect(401);
  });

  describe('the lockout (35)', () => {
    const alice = { username: 'alice', password: 'correct horse' };
    const bob = { username: 'bob', password: 'battery staple' };
    beforeEach(async () => {
      await oauth.users.create({ ...alice, role: 'user' });
      await oauth.users.create({ ...bob, role: 'user' });
    });

    it('ten failures lock an account for every new address (35)', async () => {
      await logIn(alice, '192.0.2.1').expect(303);
      for (let failure = 0; failure < 10; failure += 1) {
        await logIn({ ...alice, password: 'x' }, `198.51.100.${failure}`).expect(401);
      }
      const locked = await logIn(alice, '198.51.100.99');
      expect(locked.status).toBe(429);
      expect(Number(locked.headers['retry-after'])).toBeGreaterThan(800);
      expect(Number(locked.headers['retry-after'])).toBeLessThanOrEqual(900);
      expect(cookieOf(locked)).toBe('');
      await logIn(alice, '192.0.2.1').expect(303);
      await logIn(bob, '198.51.100.99').expect(303);
    });

    it('one account has one lock, however its name is written (35, 97)', async () => {
      const ways = ['alice', 'ALICE', ' alice', 'Alice '];
      for (let failure = 0; failure < 10; failure += 1) {
        await logIn({ username: ways[failure % 4]!, password: 'x' }, `198.51.100.${failure}`).expect(401);
      }
      for (const username of ways) await logIn({ ...alice, username }, '198.51.100.99').expect(429);
    });

    it('fifty failures lock an address, but not for users who logged in from there before (35)', async () => {
      await logIn(alice, '192.0.2.1').expect(303);
      const guesses = Array.from({ length: 50 }, (_value, index) => ({ username: `user${index}`, password: 'x' }));
      for (const guess of guesses) await logIn(guess, '192.0.2.1').expect(401);
      await logIn(bob, '192.0.2.1').expect(429);
      await logIn(alice, '192.0.2.1').expect(303);
      await logIn(bob, '192.0.2.2').expect(303);
    });

    it('an address that is known has a limit of its own (35)', async () => {
      await logIn(alice, '192.0.2.1').expect(303);
      for (let failure = 0; failure < 20; failure += 1)
        await logIn({ ...alice, password: 'x' }, '192.0.2.1').expect(401);
      await logIn(alice, '192.0.2.1').expect(429);
      await logIn(alice, '192.0.2.2').expect(303);
    });

    it('guesses that come all at once do not slip through (35)', async () => {
      const guesses = Array.from({ length: 30 }, () => logIn({ ...alice, password: 'x' }, '192.0.2.1'));
      const statuses = (await Promise.all(guesses)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(12);
      expect(new Set(statuses)).toEqual(new Set([401, 429]));
    });
  });
});

describe('logging out', () => {
  it('a program ends the family of its token', async () => {
    const code = arrival(await answer(await loggedIn(oauth), asked())).query.get('code')!;
    const { body } = await requestToken(oauth, redemption(code));
    const out = (): request.Test =>
      request(oauth.app).post('/auth/logout').set('Authorization', `Bearer ${body.access_token}`);
    expect((await out()).status).toBe(204);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    const again = await out();
    expect(again.status).toBe(401);
    expect(again.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('a person goes to the start page, logged in or not', async () => {
    const agent = await loggedIn(oauth);
    for (const who of [agent, agent]) {
      const out = await who.post('/auth/logout').set(html);
      expect([out.status, out.headers['location']]).toEqual([303, '/']);
    }
    expect((await agent.get(`/auth/grant?${queryOf(asked())}`)).status).toBe(303);
  });
});

describe('the sandbox', () => {
  it('is for requests that no proxy passed on', async () => {
    const forwarded = { 'X-Forwarded-Host': 'calls.example' };
    expect((await logIn(demo).set(forwarded)).status).toBe(401);
    expect(
      (
        await request(oauth.app)
          .get(`/oauth/auth?${queryOf(asked())}`)
          .set(forwarded)
      ).status,
    ).toBe(400);
    const agent = await loggedIn(oauth);
    const page = await agent.get(`/auth/grant?${queryOf(asked())}`).set('Forwarded', 'for=192.0.2.1');
    expect(page.headers['location']).toMatch(/^\/auth\/login/);
  });

  it('leaves nothing usable behind when it is off', async () => {
    const off = await createOAuthApp({ sandbox: 'off' });
    try {
      expect((await request(off.app).post('/auth/login').type('form').send(demo)).status).toBe(401);
      expect((await request(off.app).get(`/oauth/auth?${queryOf(asked())}`)).status).toBe(400);
      const tokens = await requestToken(off, redemption('x'));
      expect([tokens.status, tokens.body.error]).toEqual([401, 'invalid_client']);
      expect(callback).toBe(`${issuer}/test`);
    } finally {
      await off.close();
    }
  });
});
