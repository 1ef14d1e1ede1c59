import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent } from 'supertest';
import type { RecordedAuditEvent } from '../../../src/oauth/model/audit-log.ts';
import {
  asked,
  createOAuthApp,
  type Fields,
  loggedIn,
  type OAuthApp,
  redemption,
  refreshing,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const html = { Accept: 'text/html' };
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const old = 'correct horse';
const changed = 'battery staple';
const path = '/management/account';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  for (const username of ['alice', 'bob']) await oauth.users.create({ username, password: old, role: 'user' });
});
afterEach(() => oauth.close());

const logIn = async (username = 'alice', headers: Fields = {}, password = old): Promise<Agent> => {
  const agent = request.agent(oauth.app);
  await agent.post('/auth/login').set(headers).type('form').send({ username, password }).expect(303);
  return agent;
};

const change = (agent: Agent, fields: Fields = {}): request.Test =>
  agent
    .post(`${path}/password`)
    .type('form')
    .send({ current_password: old, new_password: changed, ...fields });

/** Walks login and consent of `demo-app` with the password. */
const tokensOf = async (username: string): Promise<{ access_token: string; refresh_token: string }> => {
  const agent = await logIn(username);
  await agent.get('/auth/grant').query(asked()).expect(200);
  const answer = await agent
    .post('/auth/grant')
    .type('form')
    .send({ ...asked(), grant: 'true' });
  const code = new URL(answer.headers['location'] ?? '').searchParams.get('code') ?? '';
  return (await requestToken(oauth, redemption(code))).body;
};

interface Shown {
  readonly id: string;
  readonly browser: string;
  readonly current: boolean;
}

const sessionsOf = async (agent: Agent): Promise<readonly Shown[]> => (await agent.get(path)).body.sessions;

/** The log is written behind the reply: a later write is done after all before it. */
const auditEvents = async (userId?: string): Promise<readonly RecordedAuditEvent[]> => {
  await oauth.stores.sessions.touch('no session', 0);
  return oauth.stores.audit.list({ limit: 50, ...(userId !== undefined && { userId }) });
};

const eventsOf = async (username: string): Promise<readonly (readonly [string, string | null])[]> => {
  const { id = '' } = (await oauth.stores.users.findByUsername(username)) ?? {};
  return (await auditEvents(id)).map(({ event, detail }) => [event, detail] as const);
};

describe('the change of a password', () => {
  it('ends all other sessions and every token of the user, and none of other users (67)', async () => {
    const [here, elsewhere, bob] = [await logIn(), await logIn(), await logIn('bob')];
    const tokens = await tokensOf('alice');
    const bobs = await tokensOf('bob');
    expect(await statusWith(oauth, tokens.access_token)).toBe(200);
    await change(here).expect(204);
    expect(await statusWith(oauth, tokens.access_token)).toBe(401);
    expect((await requestToken(oauth, refreshing(tokens.refresh_token))).body.error).toBe('invalid_grant');
    await elsewhere.get(path).expect(401);
    await here.get(path).expect(200);
    await bob.get(path).expect(200);
    expect(await statusWith(oauth, bobs.access_token)).toBe(200);
    await request(oauth.app).post('/auth/login').type('form').send({ username: 'alice', password: old }).expect(401);
    await logIn('alice', {}, changed);
  });

  it('ends a login with the old password that was under way (67)', async () => {
    const { sessions } = oauth.stores;
    const save = sessions.save.bind(sessions);
    sessions.save = async (session) => {
      sessions.save = save;
      await oauth.users.setPassword('alice', changed);
      await save(session);
    };
    const agent = request.agent(oauth.app);
    await agent.post('/auth/login').type('form').send({ username: 'alice', password: old }).expect(401);
    await agent.get(path).expect(401);
    expect(await sessions.listOf((await oauth.stores.users.findByUsername('alice'))!.id, 0)).toEqual([]);
    await logIn('alice', {}, changed);
  });

  it('ends the session of another change that was under way (67)', async () => {
    const alice = await logIn();
    const { sessions } = oauth.stores;
    const save = sessions.save.bind(sessions);
    sessions.save = async (session) => {
      sessions.save = save;
      await oauth.users.setPassword('alice', 'a third password');
      await save(session);
    };
    await change(alice).expect(401);
    await alice.get(path).expect(401);
    await logIn('alice', {}, 'a third password');
  });

  it('gives this browser another session id; the old one is worth nothing (25)', async () => {
    const login = await request(oauth.app).post('/auth/login').type('form').send({ username: 'alice', password: old });
    const cookie = login.get('Set-Cookie')?.[0]?.split(';')[0] ?? '';
    const fields = { current_password: old, new_password: changed, repeated_password: changed };
    const answer = await request(oauth.app)
      .post(`${path}/password`)
      .set({ ...html, Cookie: cookie })
      .type('form')
      .send(fields)
      .expect(303);
    expect(answer.headers['location']).toBe(`${path}?done=password`);
    const renewed = answer.get('Set-Cookie')?.[0]?.split(';')[0] ?? '';
    expect(renewed).toMatch(/^offhook-8888=/);
    expect(renewed).not.toBe(cookie);
    await request(oauth.app).get(path).set('Cookie', cookie).expect(401);
    const page = await request(oauth.app)
      .get(`${path}?done=password`)
      .set({ ...html, Cookie: renewed });
    expect(page.text).toContain('Your password is changed.');
  });

  it.each<[string, Fields, number, string]>([
    ['a wrong current one', { current_password: 'wrong horse' }, 401, 'The current password is not right.'],
    ['a short new one', { new_password: 'short' }, 400, 'The password must have 8 to 1024 characters.'],
    ['two that differ', { repeated_password: 'another one' }, 400, 'not typed the same way twice'],
  ])('refuses %s, and nothing changes', async (_what, fields, status, sentence) => {
    const alice = await logIn();
    const refused = await change(alice, fields).expect(status);
    expect(refused.type).toBe('application/problem+json');
    const { text } = await change(alice, fields).set(html).expect(status);
    expect(text).toMatch(new RegExp(`role="alert" id="password-fault">[^<]*${sentence}`));
    expect(text).not.toContain('wrong horse');
    await logIn();
  });

  it('asks for both, in a form or in JSON', async () => {
    const alice = await logIn();
    await alice.post(`${path}/password`).send({ current_password: old }).expect(400);
    await alice
      .post(`${path}/password`)
      .send({ current_password: old, new_password: [changed] })
      .expect(400);
    await alice.post(`${path}/password`).send({ current_password: old, new_password: changed }).expect(204);
    await request(oauth.app)
      .post(`${path}/password`)
      .send({ current_password: old, new_password: changed })
      .expect(401);
  });

  it('limits guesses of the current one as it limits logins (35)', async () => {
    const alice = await logIn();
    for (let guess = 0; guess < 20; guess += 1) await change(alice, { current_password: `guess ${guess}` }).expect(401);
    const limited = await change(alice).set(html).expect(429);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    await change(alice).expect(429);
    expect((await eventsOf('alice')).slice(0, 3)).toEqual([
      ['login.limited', 'change of password'],
      ['login.failed', 'change of password'],
      ['login.failed', 'change of password'],
    ]);
  });

  it('is refused to accounts of the sandbox, whose passwords are well known', async () => {
    const demo = await loggedIn(oauth, {}, 'demo');
    expect((await demo.get(path).set(html)).text).toContain('everybody knows its password');
    expect((await demo.get(path).set(html)).text).not.toContain('type="password"');
    const refused = await change(demo, { current_password: 'demo' }).expect(403);
    expect(refused.body).toMatchObject({ code: 'sandbox_account' });
    await loggedIn(oauth, {}, 'demo');
  });
});

describe('my sessions', () => {
  it('say from where they are, since when, and when they were last used; the one that asks is marked', async () => {
    const here = await logIn('alice', { 'User-Agent': firefox, 'X-Forwarded-For': '192.0.2.7' });
    oauth.clock.advance(3_600_000);
    await logIn('alice', { 'User-Agent': '<script>' });
    await logIn('bob');
    oauth.clock.advance(60_000);
    await here.get(path);
    oauth.clock.advance(60_000);
    const { sessions } = (await here.get(path)).body;
    expect(sessions).toEqual([
      {
        ...{ id: expect.stringMatching(/^[\w-]{43}$/), browser: 'Firefox on Linux', address: '192.0.2.7' },
        ...{ since: '2026-01-01T00:00:00.000Z', last_seen_at: '2026-01-01T01:01:00.000Z', current: true },
      },
      expect.objectContaining({ browser: 'Unknown program', since: '2026-01-01T01:00:00.000Z', current: false }),
    ]);
    const { text } = await here.get(path).set(html);
    expect(text).toMatch(/Firefox on Linux<\/strong> \(this one\)/);
    expect(text).not.toContain('<script');
  });

  it('are listed until their absolute end, 30 days after the login (94)', async () => {
    const old = await logIn('alice', { 'User-Agent': firefox });
    for (let hours = 0; hours < 30 * 24; hours += 10) {
      await old.get(path).expect(200);
      oauth.clock.advance(10 * 3_600_000);
    }
    const { sessions } = (await (await logIn('alice')).get(path)).body;
    expect(sessions).toEqual([expect.objectContaining({ browser: 'Unknown program', current: true })]);
  });

  it('are ended one by one, by an id that opens nothing', async () => {
    const [here, elsewhere] = [await logIn('alice', { 'User-Agent': firefox }), await logIn()];
    const other = (await sessionsOf(here)).find(({ current }) => !current)?.id ?? '';
    for (const cookie of [`offhook-8888=${other}`, `offhook-8888=s:${other}`, `offhook-8888=s%3A${other}.${other}`]) {
      await request(oauth.app).get(path).set('Cookie', cookie).expect(401);
    }
    await here.post(`${path}/sessions/${other}/end`).expect(204);
    await elsewhere.get(path).expect(401);
    await here.get(path).expect(200);
    await here.post(`${path}/sessions/${other}/end`).expect(404);
  });

  it('cannot be ended by other users', async () => {
    const alice = await logIn();
    const [session] = await sessionsOf(alice);
    await (await logIn('bob')).post(`${path}/sessions/${session?.id ?? ''}/end`).expect(404);
    await alice.get(path).expect(200);
  });

  it('are ended all but this one', async () => {
    const [here, elsewhere, third, bob] = [await logIn(), await logIn(), await logIn(), await logIn('bob')];
    const ended = await here.post(`${path}/sessions/end-others`).set(html).expect(303);
    expect((await here.get(ended.headers['location'] ?? '').set(html)).text).toContain(
      'All your other sessions are over.',
    );
    for (const agent of [elsewhere, third]) await agent.get(path).expect(401);
    for (const agent of [here, bob]) await agent.get(path).expect(200);
  });

  it('include this one: to end it is to log out', async () => {
    const here = await logIn();
    const [session] = await sessionsOf(here);
    const ended = await here
      .post(`${path}/sessions/${session?.id ?? ''}/end`)
      .set(html)
      .expect(303);
    expect(ended.headers['location']).toBe('/');
    await here.get(path).expect(401);
  });
});

describe('the audit log', () => {
  it('lists logins and logouts, and never what was typed', async () => {
    const attempt = (username: string, password: string): request.Test =>
      request(oauth.app).post('/auth/login').type('form').send({ username, password });
    const alice = await logIn('alice', { 'X-Forwarded-For': '192.0.2.7' });
    await alice.post('/auth/logout').set('X-Forwarded-For', '192.0.2.7').expect(204);
    await request(oauth.app).post('/auth/logout').expect(204);
    await attempt('alice', 'my other password').expect(401);
    await attempt('hunter2 typed as a name', 'alice').expect(401);
    for (let guess = 0; guess < 9; guess += 1) await attempt('alice', 'x').set('X-Forwarded-For', '192.0.2.8');
    await attempt('alice', old).set('X-Forwarded-For', '192.0.2.9').expect(429);
    const events = await auditEvents();
    const listed = events.map(({ event, username, address, detail }) => [event, username, address, detail]);
    expect(listed[0]).toEqual(['login.limited', 'alice', '192.0.2.9', null]);
    const here: unknown = expect.stringContaining('127.0.0.1');
    expect(listed.slice(-4)).toEqual([
      ['login.failed', null, here, 'unknown user'],
      ['login.failed', 'alice', here, null],
      ['logout', 'alice', '192.0.2.7', null],
      ['login.succeeded', 'alice', '192.0.2.7', null],
    ]);
    expect(JSON.stringify(events)).not.toMatch(/hunter2|other password|horse/);
  });

  it('counts the addresses at which a lock held, each once, in one row for each user and day (93)', async () => {
    const attempt = (username: string, from: string): request.Test =>
      request(oauth.app)
        .post('/auth/login')
        .set('X-Forwarded-For', from)
        .type('form')
        .send({ username, password: 'wrong' });
    for (const name of ['alice', 'nobody']) {
      for (let guess = 0; guess < 10; guess += 1) await attempt(name, '192.0.2.8').expect(401);
    }
    for (let guess = 0; guess < 5; guess += 1) {
      for (const name of ['alice', 'nobody']) await attempt(name, '192.0.2.8').expect(429);
    }
    await attempt('alice', '192.0.2.9').expect(429);
    const limited = (await auditEvents()).filter(({ event }) => event === 'login.limited');
    expect(limited.map(({ username, address, count }) => [username, address, count])).toEqual([
      [null, '192.0.2.8', 1],
      ['alice', '192.0.2.9', 2],
    ]);
  });

  it('lists what a user granted, refused, revoked, changed and ended', async () => {
    const { access_token } = await tokensOf('alice');
    const alice = await logIn('alice', { 'User-Agent': firefox });
    await alice
      .get('/auth/grant')
      .query(asked({ response_type: 'token' }))
      .expect(200);
    await alice
      .post('/auth/grant')
      .type('form')
      .send({ ...asked({ response_type: 'token' }), grant: 'no' })
      .expect(303);
    await alice.post('/management/apps/revoke').send({ client_id: 'demo-app' }).expect(204);
    await alice.post('/management/apps/revoke').send({ client_id: 'demo-app' }).expect(204);
    await change(alice).expect(204);
    const other = await logIn('alice', { 'User-Agent': firefox }, changed);
    await alice.post(`${path}/sessions/end-others`).expect(204);
    await other.get(path).expect(401);
    const mine = new Set(['grant.given', 'grant.refused', 'grant.revoked', 'password.changed', 'session.ended']);
    expect((await eventsOf('alice')).filter(([event]) => mine.has(event))).toEqual([
      ['session.ended', 'all others'],
      ['password.changed', null],
      ['grant.revoked', null],
      ['grant.refused', 'call'],
      ['grant.given', 'call'],
    ]);
    expect(JSON.stringify(await auditEvents())).not.toContain(access_token);
  });

  it('records one decision of a consent that is sent twice', async () => {
    const agent = await loggedIn(oauth);
    const answer = (): Promise<request.Response> =>
      agent
        .post('/auth/grant')
        .type('form')
        .send({ ...asked(), grant: 'true' })
        .then((response) => response);
    await Promise.all([answer(), answer()]);
    const given = (await eventsOf('demo')).filter(([event]) => event === 'grant.given');
    expect(given).toEqual([['grant.given', 'call']]);
  });

  it('shows users their own latest events', async () => {
    const alice = await logIn();
    await logIn('bob');
    const { body } = await alice.get(path);
    expect(body.events).toMatchObject([{ event: 'login.succeeded', user: 'alice', at: '2026-01-01T00:00:00.000Z' }]);
    expect((await alice.get(path).set(html)).text).toContain('>login.succeeded</td>');
  });

  it('shows administrators all, page by page, or those of one user', async () => {
    await oauth.users.create({ username: 'root', password: old, role: 'admin' });
    for (let index = 0; index < 120; index += 1) {
      await oauth.stores.audit.append({
        ...{ event: 'token.issued', at: oauth.clock.now() + index, userId: null, clientId: 'demo-app' },
        ...{ address: null, detail: `<b>${index}` },
      });
    }
    await logIn('bob');
    const root = await logIn('root');
    const seen: string[] = [];
    let next: number | null = null;
    do {
      const { body } = await root.get('/management/audit').query(next === null ? {} : { before: next });
      expect(body.events.length).toBeLessThanOrEqual(50);
      seen.push(...body.events.map(({ event, detail }: RecordedAuditEvent) => detail ?? event));
      next = body.next;
    } while (next !== null);
    const issued = Array.from({ length: 120 }, (_value, index) => `<b>${119 - index}`);
    expect(seen).toEqual(['login.succeeded', 'login.succeeded', ...issued]);

    const bobs = await root.get('/management/audit?user=bob');
    expect(bobs.body).toMatchObject({ events: [{ event: 'login.succeeded', user: 'bob' }], next: null });
    const page = await root.get('/management/audit').set(html);
    expect(page.text).toMatch(/<a href="\/management\/audit\?before=\d+">Older events<\/a>/);
    expect(page.text).toContain('&lt;b&gt;119');
    await root.get('/management/audit?user=nobody').expect(404);
    await root.get('/management/audit?before=x').expect(400);
  });
});
