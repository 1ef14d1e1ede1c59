import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createOAuthApp, type Fields, type OAuthApp, statusWith } from '../support/oauth-app.ts';
import { addSandboxAccounts } from '../support/sandbox.ts';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
  await addSandboxAccounts(oauth);
});
afterEach(() => oauth.close());

const generateNewKeys = async (): Promise<Fields> => {
  const user = (await oauth.stores.users.findByUsername('admin'))!;
  const { clientId, clientSecret } = await oauth.authorization.keyPairs.generate({ user, address: null });
  return { client_id: clientId, client_secret: clientSecret };
};

const curl = (keys: Fields): request.Test =>
  request(oauth.app)
    .post('/oauth2/token/')
    .type('form')
    .send({ grant_type: 'client_credentials', ...keys });

describe('the key pair of an administrator, as it is documented', () => {
  it('generates a token that lasts ten hours', async () => {
    const { status, body } = await curl(await generateNewKeys());
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), token_type: 'Bearer', expires_in: 36_000, scope: 'all' },
    ]);
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    oauth.clock.advance(36_000_000 - 1);
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    oauth.clock.advance(1);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
  });

  it('stops working when he generates a new one', async () => {
    const old = await generateNewKeys();
    const { body } = await curl(old);
    const fresh = await generateNewKeys();
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect((await curl(old)).status).toBe(401);
    expect((await curl(fresh)).status).toBe(200);
  });

  it('is distinct for each administrator', async () => {
    const keys = await generateNewKeys();
    await oauth.users.create({ username: 'second', password: 'correct horse', role: 'admin' });
    const user = (await oauth.stores.users.findByUsername('second'))!;
    await oauth.authorization.keyPairs.generate({ user, address: null });
    expect((await curl(keys)).status).toBe(200);
  });
});
