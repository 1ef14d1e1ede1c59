import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import {
  asked,
  callback,
  createOAuthApp,
  type Fields,
  type OAuthApp,
  obtainCode,
  statusWith,
} from '../support/oauth-app.ts';
import { addSandboxAccounts } from '../support/sandbox.ts';

const application = { client_id: 'demo-tests', client_secret: 'demo-secret' };

/** The token as the document shows it. */
const documented = {
  access_token: expect.stringMatching(/^[\w-]{43}$/),
  token_type: 'bearer',
  expires_in: 7200,
  refresh_token: expect.stringMatching(/^[\w-]{43}$/),
  scope: 'public',
};

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  await addSandboxAccounts(oauth);
});
afterEach(() => oauth.close());

const post = (fields: Fields): request.Test => request(oauth.app).post('/oauth/token').type('form').send(fields);

const expectDocumented = async ({ status, body }: request.Response): Promise<void> => {
  expect([status, body]).toEqual([200, documented]);
  expect(await statusWith(oauth, body.access_token)).toBe(200);
  expect((await request(oauth.app).get(`/rest/call?access_token=${body.access_token}`)).status).toBe(200);
};

describe('the tokens of the test service, as it documents them', () => {
  it('are given for a code, and for a refresh token', async () => {
    const code = await obtainCode(oauth, asked({ client_id: 'demo-tests', scope: 'public' }));
    const first = await post({ ...application, grant_type: 'authorization_code', code, redirect_uri: callback });
    await expectDocumented(first);
    const { refresh_token } = first.body as { readonly refresh_token: string };
    const next = await post({ ...application, redirect_uri: callback, grant_type: 'refresh_token', refresh_token });
    await expectDocumented(next);
    expect(next.body.access_token).not.toBe(first.body.access_token);
  });

  it('are given for a username and a password, without any application', async () => {
    await expectDocumented(await post({ grant_type: 'password', username: 'demo', password: 'demo' }));
  });
});
