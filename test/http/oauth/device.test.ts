import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent } from 'supertest';
import type { ClientDescription } from '../../../src/oauth/clients/client-description.ts';
import { DEVICE_CODE_GRANT } from '../../../src/oauth/model/account-stores.ts';
import { audited } from '../../support/audited.ts';
import {
  createOAuthApp,
  type Fields,
  issuer,
  type OAuthApp,
  refreshing,
  requestToken,
  statusWith,
  without,
} from '../../support/oauth-app.ts';

const html = { Accept: 'text/html' };
const secret = 'a secret of a configuration file, long enough';

const phone: ClientDescription = {
  ...{ id: 'desk-phone', name: 'Desk <b>phone</b>', type: 'public', redirectUris: [], responseTypes: [] },
  grantTypes: [DEVICE_CODE_GRANT, 'refresh_token'],
  scopes: ['call', 'read', 'operator'],
  defaultScopes: ['call'],
};
const program: ClientDescription = { ...phone, id: 'program', name: 'Program', type: 'confidential' };

interface Started {
  readonly device_code: string;
  readonly user_code: string;
}

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  await oauth.clients.configure(phone, null);
  await oauth.clients.configure(program, secret);
});
afterEach(() => oauth.close());

const authorize = (fields: Fields = { client_id: 'desk-phone' }): request.Test =>
  request(oauth.app).post('/oauth/device').type('form').send(fields);

const start = async (fields?: Fields): Promise<Started> => (await authorize(fields).expect(200)).body;

const polling = (deviceCode: string, changes: Fields = {}): Fields => ({
  ...{ grant_type: DEVICE_CODE_GRANT, client_id: 'desk-phone', device_code: deviceCode },
  ...changes,
});

/** What a poll gets: its error, or its scope where it got tokens. */
const poll = async ({ device_code }: Started, changes: Fields = {}): Promise<[number, string]> => {
  const { status, body } = await requestToken(oauth, polling(device_code, changes));
  return [status, body.error ?? body.scope];
};

const pending = [400, 'authorization_pending'];
const slowDown = [400, 'slow_down'];
const invalid = [400, 'invalid_grant'];

const logIn = async (name = 'demo'): Promise<Agent> => {
  const agent = request.agent(oauth.app);
  await agent.post('/auth/login').type('form').send({ username: name, password: name }).expect(303);
  return agent;
};

const send = (agent: Agent, userCode: string, fields: Fields = {}): request.Test =>
  agent
    .post('/device')
    .type('form')
    .send({ user_code: userCode, ...fields });

const accept = async ({ user_code }: Started, name = 'demo'): Promise<void> => {
  const { body } = await send(await logIn(name), user_code, { grant: 'true' }).expect(200);
  expect(body).toEqual({ verdict: 'approved' });
};

describe('the device authorization endpoint', () => {
  it('gives a device and a user code, and where to take it (83)', async () => {
    const answer = await authorize({ client_id: 'desk-phone', scope: 'call read' }).set(
      'Origin',
      'https://app.example',
    );
    expect(answer.status).toBe(200);
    const { device_code, user_code } = answer.body;
    expect(answer.body).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verification_uri: `${issuer}/device`,
      verification_uri_complete: `${issuer}/device?user_code=${user_code}`,
      expires_in: 600,
      interval: 5,
    });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
    expect(answer.headers['set-cookie']).toBeUndefined();
    const { database } = oauth.stores;
    const rows = await database.read(database.builder.selectFrom('device_grants').selectAll().compile());
    const dump = JSON.stringify(rows);
    expect(dump).toContain('desk-phone');
    expect(dump).not.toContain(device_code);
    expect(dump).not.toContain(user_code);
  });

  it('authenticates the client as the token endpoint does (83)', async () => {
    const basic = (name: string, password: string) => authorize({}).auth(name, password);
    expect((await basic('program', secret)).status).toBe(200);
    expect((await authorize({ client_id: 'program', client_secret: secret })).status).toBe(200);
    const refused = await basic('program', 'wrong');
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
    expect(refused.headers['www-authenticate']).toContain('Basic');
    for (const fields of [{}, { client_id: 'nobody' }, { client_id: 'program' }]) {
      const answer = await authorize(fields);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
    }
    const twice = await basic('program', secret).send({ client_secret: secret });
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_request']);
  });

  it('takes what has no value for left out, and Basic without a secret for a public client (88 and 89)', async () => {
    expect((await authorize({ client_id: 'desk-phone', client_secret: '', scope: '' })).status).toBe(200);
    expect((await authorize({ scope: '' }).auth('desk-phone', '')).status).toBe(200);
    expect((await authorize({}).auth('program', '')).status).toBe(401);
  });

  it.each<[Fields | string, number, string]>([
    [{ client_id: 'demo-js' }, 400, 'unauthorized_client'],
    [{ client_id: 'desk-phone', scope: 'write' }, 400, 'invalid_scope'],
    [{ client_id: 'desk-phone', scope: 'nonsense' }, 400, 'invalid_scope'],
    ['client_id=desk-phone&client_id=desk-phone', 400, 'invalid_request'],
    ['client_id=desk-phone&scope=call&scope=read', 400, 'invalid_request'],
    ['client_id=%ff', 400, 'invalid_request'],
    [`client_id=desk-phone&more=${'x'.repeat(40_000)}`, 413, 'invalid_request'],
  ])('refuses %#: %i %s (83)', async (body, status, error) => {
    const answer = await request(oauth.app).post('/oauth/device').type('form').send(body);
    expect([answer.status, answer.body.error]).toEqual([status, error]);
  });

  it('is asked for a hundred times from one address, and no more for a while', async () => {
    const from = (address: string) => authorize().set('X-Forwarded-For', address);
    for (let device = 0; device < 100; device += 1) await from('192.0.2.1').expect(200);
    const refused = await from('192.0.2.1').expect(429);
    expect(refused.body.error).toBe('rate_limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await from('192.0.2.2').expect(200);
  });

  it('takes a form by POST, and nothing else', async () => {
    expect((await request(oauth.app).post('/oauth/device').send({ client_id: 'desk-phone' })).status).toBe(415);
    for (const method of ['get', 'head', 'put', 'delete'] as const) {
      const answer = await request(oauth.app)[method]('/oauth/device?client_id=desk-phone');
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
    }
    const preflight = await request(oauth.app)
      .options('/oauth/device')
      .set('Origin', 'https://app.example')
      .set('Access-Control-Request-Headers', 'content-type, sentry-trace');
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type, sentry-trace',
    });
  });
});

describe('a device that polls', () => {
  it('waits for the answer, and gets tokens after it (83)', async () => {
    const started = await start({ client_id: 'desk-phone', scope: 'call read' });
    expect(await poll(started)).toEqual(pending);
    oauth.clock.advance(5000);
    expect(await poll(started)).toEqual(pending);
    await accept(started);
    const answer = await requestToken(oauth, polling(started.device_code));
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: expect.any(String),
      scope: 'call read',
    });
    const { access_token, refresh_token } = answer.body;
    const call = await request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${access_token}`);
    expect(call.body).toMatchObject({ username: 'demo', clientId: 'desk-phone', scopes: ['call', 'read'] });
    const again = refreshing(refresh_token, { client_id: 'desk-phone' });
    expect((await requestToken(oauth, without(again, 'client_secret'))).status).toBe(200);
    const about = { clientId: 'desk-phone', username: 'demo' };
    expect(await audited(oauth.stores, 'token.issued')).toMatchObject([{ ...about, detail: 'device_code' }]);
    expect(await audited(oauth.stores, 'grant.given')).toMatchObject([{ ...about, detail: 'call read' }]);
  });

  it('has to slow down by 5 seconds more each time that it polls too soon (83)', async () => {
    const started = await start();
    const pollAfter = (milliseconds: number): Promise<[number, string]> => {
      oauth.clock.advance(milliseconds);
      return poll(started);
    };
    expect(await pollAfter(0)).toEqual(pending);
    expect(await pollAfter(4999)).toEqual(slowDown);
    expect(await pollAfter(9999)).toEqual(slowDown);
    expect(await pollAfter(15_000)).toEqual(pending);
    expect(await pollAfter(14_999)).toEqual(slowDown);
    await accept(started);
    expect(await pollAfter(0)).toEqual([200, 'call']);
  });

  it('learns that the code has expired, answered or not (83)', async () => {
    const [unanswered, approved] = [await start(), await start()];
    await accept(approved);
    oauth.clock.advance(599_999);
    expect(await poll(unanswered)).toEqual(pending);
    oauth.clock.advance(1);
    expect(await poll(unanswered)).toEqual([400, 'expired_token']);
    expect(await poll(approved)).toEqual([400, 'expired_token']);
  });

  it('learns so for some minutes more, whatever is swept meanwhile (83)', async () => {
    const started = await start();
    for (const [minutes, error] of [
      [19, 'expired_token'],
      [1, 'invalid_grant'],
    ] as const) {
      oauth.clock.advance(minutes * 60_000);
      await oauth.stores.sweep(oauth.clock.now());
      expect(await poll(started)).toEqual([400, error]);
    }
  });

  it('learns that the person refused (83)', async () => {
    const started = await start();
    const answer = await send(await logIn(), started.user_code, { grant: 'false' });
    expect([answer.status, answer.body]).toEqual([200, { verdict: 'refused' }]);
    expect(await poll(started)).toEqual([400, 'access_denied']);
    expect(await poll(started)).toEqual([400, 'access_denied']);
  });

  it('gets nothing for a code that is unknown or of another client, which does no harm (83)', async () => {
    const started = await start();
    await accept(started);
    const other = { client_id: 'program', client_secret: secret };
    expect(await poll(started, other)).toEqual(invalid);
    expect(await poll({ ...started, device_code: 'nonsense' })).toEqual(invalid);
    expect(await poll(started, { device_code: started.user_code })).toEqual(invalid);
    expect(await poll(started, { device_code: '' })).toEqual([400, 'invalid_request']);
    expect(await poll(started, { client_id: 'demo-js' })).toEqual([400, 'unauthorized_client']);
    expect(await poll(started)).toEqual([200, 'call']);
    expect(await poll(started, other)).toEqual(invalid);
  });

  it('redeems a code once: its replay revokes what it gave (83)', async () => {
    const started = await start();
    await accept(started);
    const { body } = await requestToken(oauth, polling(started.device_code));
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    oauth.clock.advance(700_000);
    expect(await poll(started)).toEqual(invalid);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect(await poll(started)).toEqual(invalid);
  });

  it('gets tokens with exactly one of 50 simultaneous polls, and keeps them (83 and 90)', async () => {
    const started = await start();
    await accept(started);
    const polls = Array.from({ length: 50 }, () => requestToken(oauth, polling(started.device_code)));
    const answers = await Promise.all(polls);
    const given = answers.filter(({ status }) => status === 200);
    expect(given).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(49);
    const { access_token } = given[0]!.body as { access_token: string };
    oauth.clock.advance(5000);
    expect(await poll(started)).toEqual(invalid);
    expect(await statusWith(oauth, access_token)).toBe(200);
    oauth.clock.advance(1);
    expect(await poll(started)).toEqual(invalid);
    expect(await statusWith(oauth, access_token)).toBe(401);
  });

  it('gets nothing once the person may not use the service any more (83)', async () => {
    const started = await start();
    await accept(started);
    await oauth.users.setStatus('demo', 'disabled');
    expect(await poll(started)).toEqual(invalid);
  });

  it('gets nothing for an account of the sandbox through a proxy (83)', async () => {
    const started = await start();
    await accept(started);
    const asked = requestToken(oauth, polling(started.device_code)).set('X-Forwarded-For', '192.0.2.1');
    expect((await asked).body.error).toBe('invalid_grant');
  });
});

describe('the page of the person', () => {
  it('asks for a login first, and leads back to the code', async () => {
    const { user_code } = await start();
    const location = `/auth/login?return_to=${encodeURIComponent(`/device?user_code=${user_code}`)}`;
    const agent = request.agent(oauth.app);
    for (const asked of [agent.get(`/device?user_code=${user_code}`), send(agent, user_code, { grant: 'true' })]) {
      const answer = await asked;
      expect([answer.status, answer.headers['location']]).toEqual([303, location]);
    }
    expect((await agent.get('/device')).headers['location']).toBe('/auth/login?return_to=%2Fdevice');
    const query = Object.fromEntries(new URL(location, issuer).searchParams);
    const entered = await agent
      .post('/auth/login')
      .type('form')
      .send({ ...query, username: 'demo', password: 'demo' });
    expect(entered.headers['location']).toBe(`/device?user_code=${user_code}`);
  });

  it('fills a code from the address in, and decides nothing by it (83)', async () => {
    const started = await start();
    const agent = await logIn();
    const page = await agent.get(`/device?user_code=${started.user_code}&grant=true`).set(html);
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(page.text).toContain(`value="${started.user_code}"`);
    expect(page.text).not.toContain('Desk');
    expect(page.headers['content-security-policy']).toContain("form-action 'self'");
    const strange = await agent.get('/device?user_code=%22%3E%3Cb%3E').set(html);
    expect(strange.text).toContain('value="&quot;&gt;&lt;b&gt;"');
    const json = await agent.get(`/device?user_code=${started.user_code}`);
    expect(json.body).toEqual({ username: 'demo', user_code: started.user_code });
    expect(await poll(started)).toEqual(pending);
  });

  it('shows which application asks for what, however the code was typed, and warns (83)', async () => {
    const started = await start({ client_id: 'desk-phone', scope: 'call operator' });
    const agent = await logIn();
    const typed = ` ${started.user_code.toLowerCase().replace('-', ' ')} `;
    const page = await send(agent, typed).set(html);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Desk &lt;b&gt;phone&lt;/b&gt;');
    expect(page.text).toContain(started.user_code);
    expect(page.text).toContain('Place calls in your name');
    expect(page.text).not.toContain('calls of everybody');
    expect(page.text).toContain('Accept only if you started this yourself');
    const { body } = await send(agent, typed);
    const { user_code } = started;
    expect(body).toEqual({ user_code, client_id: 'desk-phone', client_name: 'Desk <b>phone</b>', scope: 'call' });
    expect(await poll(started)).toEqual(pending);
    const answered = await send(agent, typed, { grant: 'true' }).set(html);
    expect(answered.text).toContain('Your device is connected');
    expect(await poll(started)).toEqual([200, 'call']);
  });

  it('leaves scopes out that belong to a role, and refuses to approve nothing', async () => {
    const both = { client_id: 'desk-phone', scope: 'call operator' };
    const [ofOperator, ofUser] = [await start(both), await start({ ...both, scope: 'operator' })];
    await accept(ofOperator, 'operator');
    expect(await poll(ofOperator)).toEqual([200, 'call operator']);
    const agent = await logIn();
    for (const fields of [{}, { grant: 'true' }]) {
      const answer = await send(agent, ofUser.user_code, fields);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_scope']);
      const page = await send(agent, ofUser.user_code, fields).set(html);
      expect(page.status).toBe(400);
      expect(page.text).toContain('You cannot allow what this application asks for.');
    }
    expect(await poll(ofUser)).toEqual(pending);
    await accept(ofUser, 'operator');
    expect(await poll(ofUser)).toEqual([200, 'operator']);
  });

  it('takes anything but a plain yes as a refusal, and answers a code once (29)', async () => {
    const started = await start();
    const agent = await logIn();
    const page = await send(agent, started.user_code, { grant: 'yes' }).set(html);
    expect(page.text).toContain('You refused');
    expect((await send(agent, started.user_code, { grant: 'true' })).status).toBe(400);
    expect(await poll(started)).toEqual([400, 'access_denied']);
    const other = await start();
    const answers = Array.from(
      { length: 20 },
      async () => (await send(agent, other.user_code, { grant: 'true' })).status,
    );
    expect((await Promise.all(answers)).filter((status) => status === 200)).toHaveLength(1);
  });

  it('remembers no consent: the next device asks again', async () => {
    await accept(await start());
    const next = await start();
    expect(await poll(next)).toEqual(pending);
    const page = await send(await logIn(), next.user_code).set(html);
    expect(page.text).toMatch(/<button [^>]*name="grant" value="true"/);
  });

  it('acts on nothing that another site sent (23)', async () => {
    const started = await start();
    const agent = await logIn();
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
    ]) {
      const answer = await send(agent, started.user_code, { grant: 'true' }).set({ ...headers, ...html });
      expect(answer.status).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(await poll(started)).toEqual(pending);
  });

  it('shows no application that was deleted meanwhile', async () => {
    const { user_code } = await start();
    await oauth.stores.clients.delete('desk-phone');
    const answer = await send(await logIn(), user_code);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_user_code']);
  });
});

describe('guesses', () => {
  it('wrong, expired and answered codes look the same (83)', async () => {
    const [expired, answered] = [await start(), await start()];
    await accept(answered);
    oauth.clock.advance(600_000);
    const agent = await logIn();
    const codes = ['BBBB-BBBB', '', expired.user_code, answered.user_code];
    const answers: unknown[] = [];
    for (const code of codes) {
      const { status, body } = await send(agent, code, code === '' ? {} : { grant: 'true' });
      const page = await send(agent, code).set(html);
      answers.push([status, body, page.status, page.text.replaceAll(code, '')]);
    }
    const [first] = answers;
    expect(first).toEqual([
      ...[400, expect.objectContaining({ code: 'invalid_user_code' })],
      ...[400, expect.stringContaining('This code is not right, or is no longer valid.')],
    ]);
    expect(answers.slice(2)).toEqual([first, first]);
    expect(answers[1]).toEqual([400, expect.objectContaining({ code: 'invalid_user_code' }), 400, expect.anything()]);
  });

  it('ten wrong codes of a person stop the next for a while, sent one by one or together (83)', async () => {
    const started = await start();
    const agent = await logIn();
    const answers = await Promise.all(Array.from({ length: 30 }, () => send(agent, 'BBBB-BBBB')));
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    const right = await send(agent, started.user_code, { grant: 'true' });
    expect([right.status, right.body.code]).toEqual([429, 'rate_limited']);
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(800);
    const page = await send(agent, started.user_code).set(html);
    expect(page.status).toBe(429);
    expect(page.headers['retry-after']).toMatch(/^\d+$/);
    expect(page.text).toContain('Try again later.');
    await accept(started, 'operator');
  });

  it('fifty wrong codes from an address stop every person there, and none elsewhere (83)', async () => {
    const names = ['person-1', 'person-2', 'person-3', 'person-4', 'person-5'];
    await Promise.all(names.map((username) => oauth.users.create({ username, password: username, role: 'user' })));
    await oauth.users.create({ username: 'the-guest', password: 'the-guest', role: 'user' });
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    for (const name of names) {
      const agent = await logIn(name);
      for (let guess = 0; guess < 10; guess += 1) await send(agent, 'BBBB-BBBB').set(from('192.0.2.7')).expect(400);
    }
    const started = await start();
    const guest = await logIn('the-guest');
    await send(guest, started.user_code, { grant: 'true' }).set(from('192.0.2.7')).expect(429);
    await send(guest, started.user_code, { grant: 'true' }).set(from('192.0.2.8')).expect(200);
    expect(await poll(started)).toEqual([200, 'call']);
  });
});
