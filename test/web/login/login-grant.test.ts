import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent, type Response } from 'supertest';
import { createPasswordHasher } from '../../../src/oauth/model/secrets.ts';
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
  queryOf,
  redemption,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const html = { Accept: 'text/html' };
const demo = { username: 'demo', password: 'demo' };
const secret = 'a secret of a configuration file, long enough';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

const logIn = (fields: Fields, from?: string): request.Test => {
  const attempt = request(oauth.app).post('/auth/login').type('form').send(fields);
  return from === undefined ? attempt : attempt.set('X-Forwarded-For', from);
};

const answer = (agent: Agent, fields: Fields, grant = 'true'): request.Test =>
  agent
    .post('/auth/grant')
    .type('form')
    .send({ ...fields, grant });

const cookieOf = (response: Response): string => response.get('Set-Cookie')?.join() ?? '';

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

describe('consent', () => {
  it.each(['', 'false', 'TRUE', 'yes', '1'])('grant="%s" is none (29)', async (grant) => {
    const agent = await loggedIn(oauth);
    const refused = await answer(agent, asked(), grant);
    expect(arrival(refused).query.get('error')).toBe('access_denied');
    expect(arrival(refused).query.has('code')).toBe(false);
  });

  it('neither is a missing one, or one given twice (29)', async () => {
    for (const body of [queryOf(asked()), `${queryOf(asked())}&grant=true&grant=false`]) {
      const agent = await loggedIn(oauth);
      const refused = await agent.post('/auth/grant').type('form').send(body);
      expect(arrival(refused).query.get('error')).toBe('access_denied');
    }
  });

  it('submitted many times at once gives one code (30)', async () => {
    const agent = await loggedIn(oauth);
    const cookie = cookieOf(
      await agent
        .post('/auth/login')
        .type('form')
        .send({ ...asked(), ...demo }),
    ).split(';')[0]!;
    const decide = (): request.Test => answer(request.agent(oauth.app), asked()).set('Cookie', cookie);
    const answers = await Promise.all(Array.from({ length: 10 }, decide));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array<number>(9).fill(400)]);
    expect(answers.filter(({ headers }) => 'location' in headers)).toHaveLength(1);
    expect((await decide()).status).toBe(400);
  });

  it('without a question, or ten minutes after it, is a 400 page without Location (30)', async () => {
    const agent = await loggedIn(oauth);
    for (const fields of [
      asked({ state: 'other' }),
      asked({ scope: 'call read' }),
      asked({ response_type: 'token' }),
    ]) {
      const page = await answer(agent, fields).set(html);
      expect(page.status).toBe(400);
      expect(page.headers).not.toHaveProperty('location');
      expect(page.text).toContain('Start again at the application.');
    }
    oauth.clock.advance(10 * 60_000);
    expect((await answer(agent, asked())).status).toBe(400);
    expect((await answer(request.agent(oauth.app), asked())).status).toBe(400);
    await agent.get(`/auth/grant?${queryOf(asked())}`).expect(200);
    expect((await answer(agent, asked())).status).toBe(303);
  });

  it('belongs to the user and the session that were asked (31)', async () => {
    const mine = await loggedIn(oauth);
    const other = await loggedIn(oauth, {}, 'operator');
    expect((await answer(other, asked())).status).toBe(400);
    const again = await loggedIn(oauth, {});
    expect((await answer(again, asked())).status).toBe(400);
    await mine.post('/auth/login').type('form').send({ username: 'operator', password: 'operator' });
    expect((await answer(mine, asked())).status).toBe(400);
  });

  it('is remembered for the same user, client, address and response type, and for fewer scopes (32)', async () => {
    const agent = await loggedIn(oauth, asked({ scope: 'call read' }));
    await answer(agent, asked({ scope: 'call read' })).expect(303);
    const codeOf = async (who: Agent, fields: Fields): Promise<string | null> =>
      arrival(await who.get(`/auth/grant?${queryOf(fields)}`)).query.get('code');
    const code = await codeOf(agent, asked({ state: 'new' }));
    expect((await requestToken(oauth, redemption(code!))).body).toMatchObject({ scope: 'call' });
    expect(await codeOf(agent, asked({ scope: 'read call' }))).toMatch(/^[\w-]{43}$/);

    await oauth.clients.configure({ ...demoApp, id: 'another' }, secret);
    expect(await codeOf(agent, asked({ client_id: 'another' }))).toBeNull();
    expect(await codeOf(await loggedIn(oauth, {}, 'operator'), asked())).toBeNull();
    const implicit = await agent.get(`/auth/grant?${queryOf(asked({ response_type: 'token' }))}`);
    expect(implicit.status).toBe(200);
    const operator = await loggedIn(oauth, asked(), 'operator');
    await answer(operator, asked()).expect(303);
    expect(await codeOf(operator, asked({ scope: 'call operator' }))).toBeNull();
    await operator
      .post('/auth/grant')
      .type('form')
      .send({ ...asked({ scope: 'operator call' }), grant: 'true' });
    expect(await codeOf(operator, asked({ scope: 'call operator' }))).not.toBeNull();
  });

  it('gives nothing for a HEAD, also where it is remembered', async () => {
    const agent = await loggedIn(oauth);
    await answer(agent, asked()).expect(303);
    const head = await agent.head(`/auth/grant?${queryOf(asked())}`);
    expect([head.status, head.headers['allow'], head.headers['location']]).toEqual([405, 'GET, POST', undefined]);
  });

  it('is not remembered when refused, nor for addresses that any program of the machine could claim (32)', async () => {
    const agent = await loggedIn(oauth);
    await answer(agent, asked(), 'false').expect(303);
    await agent.get(`/auth/grant?${queryOf(asked())}`).expect(200);

    const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };
    for (const [id, uri] of Object.entries({ native: 'http://127.0.0.1/cb', app: 'com.example.app:/cb' })) {
      await oauth.clients.configure({ ...demoApp, id, type: 'public', redirectUris: [uri] }, null);
      const fields = asked({ client_id: id, redirect_uri: uri, ...challenge });
      await agent.get(`/auth/grant?${queryOf(fields)}`).expect(200);
      await answer(agent, fields).expect(303);
      await agent.get(`/auth/grant?${queryOf(fields)}`).expect(200);
    }
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
