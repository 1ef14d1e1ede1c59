import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
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
  without,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const html = { Accept: 'text/html' };

let oauth: OAuthApp;
beforeAll(async () => {
  oauth = await createOAuthApp();
  const { clients } = oauth;
  await clients.configure({ ...demoApp, id: 'two', redirectUris: [`${callback}/a?x=1`, `${callback}/b`] }, secret);
  const native = {
    ...demoApp,
    type: 'public',
    responseTypes: ['code'],
    redirectUris: ['http://127.0.0.1/cb'],
  } as const;
  await clients.configure({ ...native, id: 'native' }, null);
  await clients.configure({ ...native, id: 'native6', redirectUris: ['http://[::1]:4000/cb?a=b'] }, null);
  await clients.configure({ ...demoApp, id: 'code-only', responseTypes: ['code'] }, secret);
  await clients.configure({ ...demoApp, id: 'bound', tokenBinding: 'dpop' }, secret);
});
afterAll(() => oauth.close());

const start = (query: string): request.Test => request(oauth.app).get(`/oauth/auth?${query}`);

/** Answers the consent of a person who is logged in already. */
const granted = async (fields: Fields): Promise<Response> => {
  const agent = await loggedIn(oauth, fields);
  return agent
    .post('/auth/grant')
    .type('form')
    .send({ ...fields, grant: 'true' });
};

/** What the client gets, by redirect, after the login. */
const refusal = async (query: string): Promise<ReturnType<typeof arrival> & { status: number }> => {
  const agent = await loggedIn(oauth);
  const answer = await agent.get(`/auth/grant?${query}`);
  return { ...arrival(answer), status: answer.status };
};

const expectNoRedirect = (answer: Response): void => {
  expect(answer.status).toBe(400);
  expect(answer.headers).not.toHaveProperty('location');
};

describe('the client and its address', () => {
  it('an unknown client gets a 400 page and no Location (1)', async () => {
    for (const fields of [asked({ client_id: 'nobody' }), { response_type: 'code', redirect_uri: callback }]) {
      const page = await start(queryOf(fields)).set(html);
      expectNoRedirect(page);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.text).toContain('The application that sent you here is not known.');
      expectNoRedirect(await start(queryOf(fields)));
      expectNoRedirect(await (await loggedIn(oauth)).get(`/auth/grant?${queryOf(fields)}`));
    }
  });

  it('a redirect_uri that is not registered gets a 400 page and no Location (2)', async () => {
    const fields = asked({ redirect_uri: 'https://evil.example/test' });
    expectNoRedirect(await start(queryOf(fields)).set(html));
    expectNoRedirect(await (await loggedIn(oauth)).get(`/auth/grant?${queryOf(fields)}`));
    const agent = await loggedIn(oauth);
    expectNoRedirect(
      await agent
        .post('/auth/grant')
        .type('form')
        .send({ ...fields, grant: 'true' }),
    );
  });

  it.each([
    'http://localhost:8888/Test',
    'http://localhost:8888/test/',
    'http://localhost:8888/test?a=b',
    'http://localhost:8889/test',
    'http://LOCALHOST:8888/test',
    'http://localhost/test',
    'https://localhost:8888/test',
    'http://localhost:8888/tes%74',
  ])('redirect_uri is compared exactly: %s (3)', async (uri) => {
    expectNoRedirect(await start(queryOf(asked({ redirect_uri: uri }))));
  });

  it.each([
    ['native', 'http://127.0.0.1:51004/cb', 302],
    ['native', 'http://127.0.0.1/cb', 302],
    ['native', 'http://127.0.0.1:51004/other', 400],
    ['native', 'http://127.0.0.2:51004/cb', 400],
    ['native', 'http://localhost:51004/cb', 400],
    ['native', 'http://127.0.0.1:51004.evil.example/cb', 400],
    ['native', 'http://127.0.0.1:51004@evil.example/cb', 400],
    ['native6', 'http://[::1]:5/cb?a=b', 302],
    ['native6', 'http://[::1]:5/cb', 400],
  ])('the port of a loopback IP is free (%s, %s: %i) (4)', async (client, uri, status) => {
    const answer = await start(queryOf(asked({ client_id: client, redirect_uri: uri })));
    expect(answer.status).toBe(status);
  });

  it.each([
    '//localhost:8888/test',
    'http://user@localhost:8888/test',
    'http://localhost:8888/x/../test',
    'http://localhost:8888/test#top',
    'http://localhost:8888\\test',
    'javascript:alert(1)',
  ])('refused: %s (5)', async (uri) => {
    expectNoRedirect(await start(queryOf(asked({ redirect_uri: uri }))));
    await expect(oauth.clients.configure({ ...demoApp, id: 'x', redirectUris: [uri] }, secret)).rejects.toThrow(
      'redirectUris',
    );
  });

  it('redirect_uri may be left out only where exactly one is registered (6)', async () => {
    const fields = without(asked(), 'redirect_uri');
    expect((await start(queryOf(fields))).status).toBe(302);
    expectNoRedirect(await start(queryOf({ ...fields, client_id: 'two' })));
    expect(arrival(await granted(fields)).place).toBe(callback);
  });

  it('the query of a registered address is kept, and the code appended (7)', async () => {
    const answer = await granted(asked({ client_id: 'two', redirect_uri: `${callback}/a?x=1` }));
    expect(answer.headers['location']).toMatch(/^http:\/\/localhost:8888\/test\/a\?x=1&code=[\w-]{43}&iss=/);
  });
});

describe('errors that the client gets', () => {
  it('come only after client and address are known to be good (8)', async () => {
    const bad = { response_type: 'nonsense', scope: 'nonsense' };
    expectNoRedirect(await start(queryOf({ ...asked(), ...bad, redirect_uri: 'https://evil.example/' })));
    expectNoRedirect(
      await (await loggedIn(oauth)).get(`/auth/grant?${queryOf({ ...asked(), ...bad, client_id: 'nobody' })}`),
    );
    const { status, place, query } = await refusal(queryOf(asked(bad)));
    expect([status, place, query.get('error')]).toEqual([303, callback, 'unsupported_response_type']);
  });

  it('go into the fragment in the client-side flow, refusals too (9)', async () => {
    const { fragment, query } = await refusal(
      queryOf(asked({ response_type: 'token', scope: 'nonsense', state: 'x' })),
    );
    expect(fragment.get('error')).toBe('invalid_scope');
    expect(fragment.get('state')).toBe('x');
    expect([...query]).toEqual([]);

    const fields = asked({ response_type: 'token' });
    const refused = await (await loggedIn(oauth, fields)).post('/auth/grant').type('form').send(fields);
    expect(arrival(refused).fragment.get('error')).toBe('access_denied');
  });

  it.each(['a b+c', '%2F?&=#ä€😀', '"><script>', ' ', 'x'.repeat(2000), "!'()*"])(
    'state is echoed byte for byte, on success and error (10)',
    async (state) => {
      expect(arrival(await granted(asked({ state }))).query.get('state')).toBe(state);
      expect((await refusal(queryOf(asked({ state, scope: 'nonsense' })))).query.get('state')).toBe(state);
    },
  );

  it('there is no state where the client sent none (10)', async () => {
    expect(arrival(await granted(asked())).query.has('state')).toBe(false);
    expect((await refusal(queryOf(asked({ scope: 'nonsense' })))).query.has('state')).toBe(false);
  });

  it('iss is sent on success and error (11)', async () => {
    expect(arrival(await granted(asked())).query.get('iss')).toBe(issuer);
    expect(arrival(await granted(asked({ response_type: 'token' }))).fragment.get('iss')).toBe(issuer);
    expect((await refusal(queryOf(asked({ scope: 'nonsense' })))).query.get('iss')).toBe(issuer);
    const refused = await (await loggedIn(oauth)).post('/auth/grant').type('form').send(asked());
    expect(arrival(refused).query.get('iss')).toBe(issuer);
  });

  it('a repeated parameter is invalid_request, also after a login through the page (12)', async () => {
    const twice = `${queryOf(asked())}&state=a&state=b`;
    const { query } = await refusal(twice);
    expect([query.get('error'), query.has('state')]).toEqual(['invalid_request', false]);

    const agent = request.agent(oauth.app);
    const page = await agent.get(`/auth/login?${twice}`);
    const entered = await agent
      .post('/auth/login')
      .type('form')
      .send({ ...page.body, username: 'demo', password: 'demo' });
    expect(arrival(await agent.get(entered.headers['location']!)).query.get('error')).toBe('invalid_request');

    expectNoRedirect(await start(`${queryOf(asked())}&client_id=demo-app`));
    expectNoRedirect(await start(`${queryOf(asked())}&redirect_uri=${encodeURIComponent(callback)}`));
  });

  it('unknown parameters are ignored (13)', async () => {
    const fields = asked({ nonce: '1', response_mode: 'form_post', transaction_id: '__proto__', constructor: 'x' });
    const answer = await granted(fields);
    expect(answer.status).toBe(303);
    expect(arrival(answer).query.has('code')).toBe(true);
  });

  it('a response_type that the client may not use is unauthorized_client (14)', async () => {
    const { fragment } = await refusal(queryOf(asked({ client_id: 'code-only', response_type: 'token' })));
    expect(fragment.get('error')).toBe('unauthorized_client');
    const bound = await refusal(queryOf(asked({ client_id: 'bound', response_type: 'token' })));
    expect(bound.fragment.get('error')).toBe('unauthorized_client');
    const untyped = without(asked(), 'response_type');
    expect((await refusal(queryOf(untyped))).query.get('error')).toBe('invalid_request');
  });

  it.each(['nonsense', 'admin', 'call nonsense', 'CALL', 'toString'])(
    'scope "%s" is invalid_scope (15)',
    async (scope) => {
      expect((await refusal(queryOf(asked({ scope })))).query.get('error')).toBe('invalid_scope');
    },
  );

  it('no scope is the default of the client, and scopes of a role are for those who have it (15)', async () => {
    const unscoped = without(asked({ response_type: 'token' }), 'scope');
    expect(arrival(await granted(unscoped)).fragment.get('scope')).toBe('call');
    const both = asked({ response_type: 'token', scope: 'call operator' });
    expect(arrival(await granted(both)).fragment.get('scope')).toBe('call');
    expect((await refusal(queryOf(asked({ scope: 'operator' })))).query.get('error')).toBe('invalid_scope');
    const operator = await loggedIn(oauth, both, 'operator');
    const answer = await operator
      .post('/auth/grant')
      .type('form')
      .send({ ...both, grant: 'true' });
    expect(arrival(answer).fragment.get('scope')).toBe('call operator');
  });

  it('are redirected only after the login (16)', async () => {
    const wrong = queryOf(asked({ scope: 'nonsense', response_type: 'nonsense' }));
    const answer = await start(wrong);
    expect([answer.status, answer.headers['location']]).toEqual([302, `/auth/login?${wrong}`]);
    const page = await request(oauth.app).get(`/auth/grant?${wrong}`);
    expect([page.status, page.headers['location']]).toEqual([303, `/auth/login?${wrong}`]);
  });
});

describe('redirects', () => {
  it('after a POST are 303 (17)', async () => {
    const entered = await request(oauth.app)
      .post('/auth/login')
      .type('form')
      .send({ username: 'demo', password: 'demo' });
    expect(entered.status).toBe(303);
    expect((await granted(asked())).status).toBe(303);
    expect((await granted(asked({ response_type: 'token' }))).status).toBe(303);
    const refused = await (await loggedIn(oauth)).post('/auth/grant').type('form').send(asked());
    expect(refused.status).toBe(303);
  });

  it('the authorization endpoint and the pages are closed to scripts of other origins (18)', async () => {
    for (const path of ['/oauth/auth', '/auth/login', '/auth/grant']) {
      const answer = await request(oauth.app)
        .get(`${path}?${queryOf(asked())}`)
        .set('Origin', 'https://app.example');
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    expect((await request(oauth.app).post('/oauth/auth')).status).toBe(405);
  });

  it('control characters never reach a header (19)', async () => {
    const state = 'a\r\nSet-Cookie: x=1';
    const answer = await granted(asked({ state }));
    expect(answer.headers['location']).toContain('state=a%0D%0ASet-Cookie%3A%20x%3D1');
    expect(arrival(answer).query.get('state')).toBe(state);
    expectNoRedirect(await start(queryOf(asked({ redirect_uri: `${callback}\r\nSet-Cookie: x=1` }))));
    expect((await start(`${queryOf(asked())}&state=%ff%fe`)).status).toBe(400);
  });
});
