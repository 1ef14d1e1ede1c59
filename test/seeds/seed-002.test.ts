import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createOAuthApp, type OAuthApp, refreshing, requestToken, statusWith } from '../support/oauth-app.ts';
import { addSandboxAccounts } from '../support/sandbox.ts';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  await addSandboxAccounts(oauth);
});
afterEach(() => oauth.close());

describe('the password flow by GET, as it is documented', () => {
  it('answers in JSON with a token for a day, one to refresh it, and what it is for', async () => {
    const { status, headers, body } = await request(oauth.app).get(
      '/api/oauth/token?username=demo&password=demo&client_id=demo-password&client_secret=demo-secret&grant_type=password',
    );
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      refresh_token: expect.any(String),
      expires_in: 86_400,
      scope: 'read write',
    });
    expect(await statusWith(oauth, body.access_token)).toBe(200);

    const next = await requestToken(oauth, refreshing(body.refresh_token, { client_id: 'demo-password' }));
    expect(next.body).toMatchObject({ expires_in: 86_400, scope: 'read write' });
  });

  it('takes a username and a password in UTF-8', async () => {
    await oauth.users.create({ username: 'jürgen', password: 'süß & sauer', role: 'user' });
    const query = 'username=j%C3%BCrgen&password=s%C3%BC%C3%9F%20%26%20sauer';
    const { status } = await request(oauth.app).get(
      `/api/oauth/token?${query}&client_id=demo-password&client_secret=demo-secret&grant_type=password`,
    );
    expect(status).toBe(200);
  });
});
