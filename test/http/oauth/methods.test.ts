import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createOAuthApp, type OAuthApp } from '../../support/oauth-app.ts';

let oauth: OAuthApp;

beforeAll(async () => {
  oauth = await createOAuthApp();
});

afterAll(() => oauth.close());

const endpoints = [
  ['/oauth/auth', 'GET, HEAD'],
  ['/oauth/token', 'GET, POST'],
  ['/api/oauth/token', 'GET, POST'],
  ['/oauth2/token/', 'GET, POST'],
  ['/oauth/revoke', 'POST'],
  ['/oauth/introspect', 'POST'],
  ['/oauth/device', 'POST'],
  ['/oauth/register', 'POST'],
  ['/oauth/jwks', 'GET, HEAD'],
  ['/.well-known/oauth-authorization-server', 'GET, HEAD'],
  ['/auth', 'GET'],
  ['/auth/test', 'GET, HEAD'],
  ['/auth/token', 'POST'],
  ['/auth/login', 'GET, HEAD, POST'],
  ['/management/api', 'GET, HEAD'],
] as const;

describe('an address of the authorization server', () => {
  it.each(endpoints)('%s tells OPTIONS that it takes %s', async (path, allow) => {
    const response = await request(oauth.app).options(path);
    expect([Math.trunc(response.status / 100), response.get('Allow')]).toEqual([2, allow]);
  });

  it.each(endpoints.filter(([path]) => !/login|management/.test(path)))(
    '%s refuses any other method and names %s',
    async (path, allow) => {
      const response = await request(oauth.app).delete(path);
      expect([response.status, response.get('Allow')]).toEqual([405, allow]);
    },
  );
});
