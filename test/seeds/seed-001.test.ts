import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import {
  arrival,
  asked,
  callback,
  createOAuthApp,
  issuer,
  type OAuthApp,
  queryOf,
  redemption,
  statusWith,
} from '../support/oauth-app.ts';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

describe('the application flow, as it is documented', () => {
  it('goes from /oauth/auth over login and consent to a code, and by GET to a token in the fragment', async () => {
    const agent = request.agent(oauth.app);
    const start = await agent.get(`/oauth/auth?${queryOf(asked())}`);
    expect(start.status).toBe(302);
    expect(start.headers['location']).toBe(`/auth/login?${queryOf(asked())}`);

    const login = await agent.get(start.headers['location']!);
    expect(login.status).toBe(200);
    expect(login.body).toEqual(asked());

    const entered = await agent
      .post('/auth/login')
      .type('form')
      .send({ ...asked(), username: 'demo', password: 'demo' });
    expect(entered.status).toBe(303);
    expect(arrival(entered).place).toBe(`${issuer}/auth/grant`);
    expect(Object.fromEntries(arrival(entered).query)).toEqual(asked());

    const again = await agent.get(`/auth/login?${queryOf(asked())}`);
    expect(again.status).toBe(303);
    expect(arrival(again).place).toBe(`${issuer}/auth/grant`);

    const page = await agent.get(entered.headers['location']!);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^application\/json/);
    expect(page.body).toEqual(asked());

    const granted = await agent
      .post('/auth/grant')
      .type('form')
      .send({ ...asked(), grant: 'true' });
    expect(granted.status).toBe(303);
    expect(granted.headers['location']).toMatch(
      /^http:\/\/localhost:8888\/test\?code=[\w-]{43}&iss=http%3A%2F%2Flocalhost%3A8888$/,
    );

    const code = arrival(granted).query.get('code')!;
    const exchanged = await agent.get(`/oauth/token?${queryOf(redemption(code))}`);
    expect(exchanged.status).toBe(303);
    expect(exchanged.headers['location']).toMatch(
      /^http:\/\/localhost:8888\/test#access_token=[\w-]{43}&token_type=Bearer&expires_in=3600$/,
    );
    expect(await statusWith(oauth, arrival(exchanged).fragment.get('access_token')!)).toBe(200);
  });

  it('gives the answer to whoever posts it straight after the login, without asking for the page', async () => {
    const agent = request.agent(oauth.app);
    await agent
      .post('/auth/login')
      .type('form')
      .send({ ...asked(), username: 'demo', password: 'demo' });
    const granted = await agent
      .post('/auth/grant')
      .type('form')
      .send({ ...asked(), grant: 'true' });
    const tokens = await request(oauth.app)
      .post('/oauth/token')
      .type('form')
      .send(redemption(arrival(granted).query.get('code')!));
    expect(tokens.status).toBe(200);
    expect(tokens.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'bearer',
      expires_in: 3600,
      scope: 'call',
    });
    expect(await statusWith(oauth, tokens.body.access_token)).toBe(200);
  });
});

describe('the client-side flow, as it is documented', () => {
  it('ends with the token in the fragment', async () => {
    const agent = request.agent(oauth.app);
    const fields = asked({ response_type: 'token', client_id: 'demo-js', state: 's1' });
    await agent.get(`/oauth/auth?${queryOf(fields)}`).expect(302);
    await agent
      .post('/auth/login')
      .type('form')
      .send({ ...fields, username: 'demo', password: 'demo' })
      .expect(303);
    const granted = await agent
      .post('/auth/grant')
      .type('form')
      .send({ ...fields, grant: 'true' });
    expect(granted.status).toBe(303);
    expect(granted.headers['location']).toMatch(
      new RegExp(
        `^${callback}#access_token=[\\w-]{43}&token_type=Bearer&expires_in=3600&scope=call&state=s1&iss=${encodeURIComponent(issuer)}$`,
      ),
    );
    expect(await statusWith(oauth, arrival(granted).fragment.get('access_token')!)).toBe(200);
  });
});
