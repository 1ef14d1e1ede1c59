import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent } from 'supertest';
import {
  answerConsent as answer,
  arrival,
  asked,
  callback,
  cookieOf,
  createOAuthApp,
  demoApp,
  type Fields,
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

  it('submitted many times at once gives one code, and every answer leads there, for a minute (30)', async () => {
    const agent = await loggedIn(oauth);
    const cookie = cookieOf(
      await agent
        .post('/auth/login')
        .type('form')
        .send({ ...asked(), ...demo }),
    ).split(';')[0]!;
    const decide = (): request.Test => answer(request.agent(oauth.app), asked()).set('Cookie', cookie);
    const answers = await Promise.all(Array.from({ length: 10 }, decide));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(303));
    const places = new Set(answers.map(({ headers }) => headers['location']));
    expect(places.size).toBe(1);
    oauth.clock.advance(59_000);
    expect((await decide()).headers['location']).toBe([...places][0]);
    const code = arrival(answers[0]!).query.get('code')!;
    expect((await requestToken(oauth, redemption(code))).status).toBe(200);
    oauth.clock.advance(1000);
    expect((await decide()).status).toBe(400);
  });

  it('refused and allowed in a breath is what came first, in both answers (30)', async () => {
    const agent = await loggedIn(oauth);
    const refused = await answer(agent, asked(), 'false');
    const allowed = await answer(agent, asked());
    expect(allowed.headers['location']).toBe(refused.headers['location']);
    expect(arrival(allowed).query.get('error')).toBe('access_denied');
  });

  it('submitted twice in the client-side flow gives one token (30)', async () => {
    const fields = asked({ response_type: 'token' });
    const agent = await loggedIn(oauth, fields);
    const [one, two] = [await answer(agent, fields), await answer(agent, fields)];
    expect(two.headers['location']).toBe(one.headers['location']);
    expect(await statusWith(oauth, arrival(one).fragment.get('access_token')!)).toBe(200);
  });

  it('of a question that was asked again gives another code (30)', async () => {
    await oauth.clients.configure({ ...demoApp, id: 'native', type: 'public', redirectUris: [callback] }, null);
    const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };
    const fields = asked({ client_id: 'native', ...challenge });
    const agent = await loggedIn(oauth, fields);
    const first = await answer(agent, fields).expect(303);
    await agent.get(`/auth/grant?${queryOf(fields)}`).expect(200);
    const second = await answer(agent, fields).expect(303);
    expect(second.headers['location']).not.toBe(first.headers['location']);
  });

  it('is kept sealed: the database shows no code (30, 50)', async () => {
    const agent = await loggedIn(oauth);
    const code = arrival(await answer(agent, asked())).query.get('code')!;
    const query = oauth.stores.database.builder.selectFrom('kept_replies').selectAll().compile();
    const rows = await oauth.stores.database.read(query);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(code);
  });

  it('ends with the session: an answer of before gives nothing after the logout (30)', async () => {
    const agent = await loggedIn(oauth);
    await answer(agent, asked()).expect(303);
    const cookie = cookieOf(await agent.post('/auth/login').type('form').send(demo)).split(';')[0]!;
    expect((await answer(request.agent(oauth.app), asked()).set('Cookie', cookie)).status).toBe(400);
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

  /** The id in the form of a consent page. */
  const consentOf = async (agent: Agent, fields: Fields = asked()): Promise<string> => {
    const { text } = await agent.get(`/auth/grant?${queryOf(fields)}`).set(html);
    return /name="consent" value="([\w-]{43})"/.exec(text)?.[1] ?? '';
  };
  const askedAgain = `/auth/grant?${queryOf(asked()).replaceAll('+', '%20')}&asked=again`;

  it('carries the id of the page that it was given on, and is good with it (31)', async () => {
    const agent = await loggedIn(oauth);
    const consent = await consentOf(agent);
    expect(consent).toMatch(/^[\w-]{43}$/);
    expect(await consentOf(agent)).toBe(consent);
    const other = asked({ state: 'x' });
    const strange = await answer(agent, { ...other, consent });
    expect(strange.headers['location']).toContain('asked=again');
    const given = await answer(agent, { ...asked(), consent });
    expect(arrival(given).query.has('code')).toBe(true);
    expect((await answer(agent, { ...asked(), consent })).headers['location']).toBe(given.headers['location']);
  });

  it('of one user is none of another who logged in in another tab: the page is shown again (31)', async () => {
    const agent = await loggedIn(oauth);
    const consent = await consentOf(agent);
    await agent
      .post('/auth/login')
      .type('form')
      .send({ ...asked(), username: 'operator', password: 'operator' })
      .expect(303);
    const sent = await answer(agent, { ...asked(), consent }).expect(303);
    expect(sent.headers['location']).toBe(askedAgain);
    const page = await agent.get(askedAgain).set(html).expect(200);
    expect(page.text).toContain('logged in as <strong>operator</strong>');
    expect(page.text).toContain('Nothing was allowed yet');
    expect(page.text).not.toContain('name="asked"');
    const shown = /name="consent" value="([\w-]{43})"/.exec(page.text)?.[1] ?? '';
    expect(shown).not.toBe(consent);
    expect(arrival(await answer(agent, { ...asked(), consent: shown })).query.has('code')).toBe(true);
  });

  it('of one user gives nothing where the other allowed the same before: the page is shown (31)', async () => {
    const operator = await loggedIn(oauth, asked(), 'operator');
    await answer(operator, asked()).expect(303);
    const agent = await loggedIn(oauth);
    const consent = await consentOf(agent);
    await agent.post('/auth/login').type('form').send({ username: 'operator', password: 'operator' });
    const sent = await answer(agent, { ...asked(), consent }).expect(303);
    expect(sent.headers['location']).toBe(askedAgain);
    expect((await agent.get(askedAgain).set(html)).status).toBe(200);
  });

  it('of an earlier session of the same user shows the page again, and one of no session the login (31)', async () => {
    const agent = await loggedIn(oauth);
    const consent = await consentOf(agent);
    await agent.post('/auth/login').type('form').send(demo).expect(303);
    const sent = await answer(agent, { ...asked(), consent }).expect(303);
    expect(sent.headers['location']).toBe(askedAgain);
    await agent.get(askedAgain).expect(200);
    expect((await answer(agent, asked())).status).toBe(303);

    await agent.post('/auth/logout');
    const out = await answer(agent, { ...asked(), consent }).expect(303);
    expect(out.headers['location']).toBe(askedAgain);
    expect((await agent.get(askedAgain)).headers['location']).toMatch(/^\/auth\/login\?client_id=demo-app&/);
  });

  it('that has waited too long on its page shows the page again (31)', async () => {
    const agent = await loggedIn(oauth);
    const consent = await consentOf(agent);
    oauth.clock.advance(10 * 60_000);
    expect((await answer(agent, { ...asked(), consent })).headers['location']).toBe(askedAgain);
  });

  it.each(['nonsense', '__proto__'])('with the id "%s" is none (31)', async (consent) => {
    const agent = await loggedIn(oauth);
    expect((await answer(agent, { ...asked(), consent })).headers['location']).toBe(askedAgain);
    expect((await answer(agent, asked())).status).toBe(303);
  });

  it.each(['http://localhost:5173/cb', 'https://app.localhost/cb'])(
    'for a public client at %s is never remembered (91)',
    async (uri) => {
      const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };
      await oauth.clients.configure({ ...demoApp, id: 'front-end', type: 'public', redirectUris: [uri] }, null);
      const fields = asked({ client_id: 'front-end', redirect_uri: uri, ...challenge });
      const agent = await loggedIn(oauth, fields);
      await answer(agent, fields).expect(303);
      await agent.get(`/auth/grant?${queryOf(fields)}`).expect(200);
    },
  );

  it('for a confidential client at localhost is remembered: it proves itself (32, 91)', async () => {
    const agent = await loggedIn(oauth);
    await answer(agent, asked()).expect(303);
    await agent.get(`/auth/grant?${queryOf(asked())}`).expect(303);
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
