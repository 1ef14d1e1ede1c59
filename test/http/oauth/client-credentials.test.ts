import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { ClientDescription } from '../../../src/oauth/clients/client-description.ts';
import { permissionsOf, type Scope } from '../../../src/oauth/model/permissions.ts';
import { audited } from '../../support/audited.ts';
import {
  arrival,
  asked,
  createOAuthApp,
  demoApp,
  type Fields,
  loggedIn,
  type OAuthApp,
  obtainCode,
  presented,
  queryOf,
  redemption,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';

const robot: ClientDescription = {
  ...{ id: 'robot', name: 'Robot', type: 'confidential', redirectUris: [], responseTypes: [] },
  ...{ grantTypes: ['client_credentials', 'refresh_token'], scopes: ['read', 'call'], defaultScopes: ['read'] },
};

const wanted: Fields = { grant_type: 'client_credentials', client_id: 'robot', client_secret: secret };

let oauth: OAuthApp;

beforeEach(async () => {
  oauth = await createOAuthApp();
  await oauth.clients.configure(robot, secret);
  await oauth.users.create({ username: 'root', password: 'correct horse', role: 'admin' });
});
afterEach(() => oauth.close());

const asking = (changes: Fields = {}): request.Test => requestToken(oauth, { ...wanted, ...changes });

const refusal = async (answer: request.Test): Promise<[number, string]> => {
  const { status, body } = await answer;
  return [status, body.error];
};

/** A key pair of `root`, as its token request sends it. */
const keyPair = async (): Promise<Fields> => {
  const user = (await oauth.stores.users.findByUsername('root'))!;
  const { clientId, clientSecret } = await oauth.authorization.keyPairs.generate({ user, address: null });
  return { client_id: clientId, client_secret: clientSecret };
};

const principalOf = async (token: string): Promise<unknown> =>
  (await request(oauth.app).get('/rest/call').set('Authorization', `Bearer ${token}`)).body;

describe('client credentials', () => {
  it('give an access token that is not cached, and never a refresh token (36, 37 and 57)', async () => {
    for (const path of ['/oauth/token', '/oauth2/token', '/oauth2/token/']) {
      const answer = await request(oauth.app).post(path).type('form').send(wanted);
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
      expect(answer.body).toEqual({
        ...{
          access_token: expect.stringMatching(/^[\w-]{43}$/),
          token_type: path === '/oauth/token' ? 'bearer' : 'Bearer',
        },
        ...{ expires_in: 3600, scope: 'read' },
      });
    }
  });

  it('act for no user: a call is 403 (57)', async () => {
    const { body } = await asking({ scope: 'call' });
    expect(body.scope).toBe('call');
    expect(await statusWith(oauth, body.access_token)).toBe(403);
    oauth.clock.advance(3_600_000);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
  });

  it('with the scope application name the users whose grant stands, for as long as it does (57)', async () => {
    const both = {
      ...demoApp,
      id: 'robot',
      sandbox: false,
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    } as const;
    await oauth.clients.configure({ ...both, scopes: ['call', 'application'], defaultScopes: ['call'] }, secret);
    const { body } = await asking({ scope: 'application' });
    const grantors = async () => {
      const principal = await oauth.tokenVerifier.verify(presented((body as { access_token: string }).access_token));
      return principal.kind === 'client' ? [...(principal.grantors ?? ['none'])] : undefined;
    };
    expect([body.scope, await grantors()]).toEqual(['application', []]);
    const client = { client_id: 'robot', client_secret: secret };
    const code = await obtainCode(oauth, asked({ client_id: 'robot' }));
    const given = (await requestToken(oauth, redemption(code, client))).body as { access_token: string };
    const demo = (await oauth.stores.users.findByUsername('demo'))!;
    expect(await grantors()).toEqual([demo.id]);
    await oauth.tokenAdmin.revoke(given.access_token);
    expect(await grantors()).toEqual([]);
    expect(
      await oauth.tokenVerifier.verify(presented((await asking({ scope: 'call' })).body.access_token)),
    ).toMatchObject({
      grantors: undefined,
    });
    const asUser = await loggedIn(oauth, asked({ client_id: 'robot', scope: 'application' }));
    const refused = await asUser.get(`/auth/grant?${queryOf(asked({ client_id: 'robot', scope: 'application' }))}`);
    expect(arrival(refused).query.get('error')).toBe('invalid_scope');
  });

  it('ask for nothing by openid, offline_access and white space (88)', async () => {
    for (const scope of ['openid', ' ', 'openid offline_access', ' read\t', 'openid  read']) {
      const { status, body } = await asking({ scope });
      expect([scope, status, body.scope]).toEqual([scope, 200, 'read']);
    }
    expect((await asking({ scope: 'call\n openid read call' })).body.scope).toBe('call read');
    expect(await refusal(asking({ scope: 'openid profile' }))).toEqual([400, 'invalid_scope']);
  });

  it('give scopes within those of the client', async () => {
    for (const scope of ['operator', 'nonsense', 'read write']) {
      expect(await refusal(asking({ scope }))).toEqual([400, 'invalid_scope']);
    }
    expect((await asking({ scope: 'call read' })).body.scope).toBe('call read');
  });

  it('are checked like those of every grant (38, 40 and 41)', async () => {
    expect(await refusal(asking({ client_secret: 'wrong' }))).toEqual([401, 'invalid_client']);
    const basic = `Basic ${Buffer.from(`robot:${secret}`).toString('base64')}`;
    expect(await refusal(asking().set('Authorization', basic))).toEqual([400, 'invalid_request']);
    const alone = requestToken(oauth, { grant_type: 'client_credentials' }).set('Authorization', basic);
    expect((await alone).status).toBe(200);
    const wrong = requestToken(oauth, { grant_type: 'client_credentials' }).set('Authorization', 'Basic eDp5');
    expect((await wrong).headers['www-authenticate']).toMatch(/^Basic realm=/);
    const twice = request(oauth.app)
      .post('/oauth2/token/')
      .type('form')
      .send(`${queryOf(wanted)}&scope=read&scope=read`);
    expect(await refusal(twice)).toEqual([400, 'invalid_request']);
  });

  it('are for confidential clients that have them (56)', async () => {
    expect(await refusal(asking({ client_id: 'demo-app', client_secret: 'demo-secret' }))).toEqual([
      ...[400, 'unauthorized_client'],
    ]);
    await oauth.clients.configure({ ...robot, id: 'open', type: 'public' }, null);
    const open = requestToken(oauth, { grant_type: 'client_credentials', client_id: 'open' });
    expect(await refusal(open)).toEqual([400, 'unauthorized_client']);
  });

  it('are not sent by GET, and HEAD is 405 (59)', async () => {
    for (const path of ['/oauth/token', '/oauth2/token/']) {
      expect(await refusal(request(oauth.app).get(`${path}?${queryOf(wanted)}`))).toEqual([400, 'invalid_request']);
      expect((await request(oauth.app).head(path)).status).toBe(405);
      expect((await request(oauth.app).delete(path)).status).toBe(405);
    }
  });

  it('a wrong media type is 415 at each address (61)', async () => {
    for (const path of ['/api/oauth/token', '/oauth2/token/']) {
      expect(await refusal(request(oauth.app).post(path).send(wanted))).toEqual([415, 'invalid_request']);
    }
  });

  it('are nothing for pages of other sites', async () => {
    const answer = await asking().set('Origin', 'https://evil.example');
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });

  it('are refused while the owner of the client is disabled, and so are the tokens they gave (67)', async () => {
    await oauth.clients.configure({ ...robot, ownerId: (await oauth.stores.users.findByUsername('root'))!.id }, secret);
    const { body } = await asking();
    expect(await statusWith(oauth, body.access_token)).toBe(403);
    await oauth.users.setStatus('root', 'disabled');
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect(await refusal(asking())).toEqual([401, 'invalid_client']);
    await oauth.users.setStatus('root', 'active');
    expect((await asking()).status).toBe(200);
  });

  it('go on with the secret that gives way, until its end, and with all that it gave (67)', async () => {
    const { body } = await asking();
    const { secret: fresh } = await oauth.clients.rotateSecret('robot', { overlapSeconds: 3600 });
    expect(await statusWith(oauth, body.access_token)).toBe(403);
    oauth.clock.advance(3_599_999);
    for (const client_secret of [secret, fresh!]) expect((await asking({ client_secret })).status).toBe(200);
    const basic = `Basic ${Buffer.from(`robot:${secret}`).toString('base64')}`;
    const alone = requestToken(oauth, { grant_type: 'client_credentials' }).set('Authorization', basic);
    expect((await alone).status).toBe(200);
    oauth.clock.advance(1);
    expect(await refusal(asking())).toEqual([401, 'invalid_client']);
    const late = await asking({ client_secret: fresh! });
    await oauth.clients.rotateSecret('robot', { overlapSeconds: 3600 });
    const { secret: newest } = await oauth.clients.rotateSecret('robot', { overlapSeconds: 60 });
    expect(await refusal(asking({ client_secret: fresh! }))).toEqual([401, 'invalid_client']);
    expect(await statusWith(oauth, late.body.access_token)).toBe(403);
    await oauth.clients.rotateSecret('robot');
    expect(await refusal(asking({ client_secret: newest! }))).toEqual([401, 'invalid_client']);
    expect(await statusWith(oauth, late.body.access_token)).toBe(401);
  });

  it.each([-1, 0.5, Number.NaN, 90 * 86_400 + 1])('keep no secret for %s seconds', async (overlapSeconds) => {
    await expect(oauth.clients.rotateSecret('robot', { overlapSeconds })).rejects.toThrow('overlap');
    expect((await asking()).status).toBe(200);
  });

  it('are asked for without a scope where it has no value (88)', async () => {
    expect((await asking({ scope: '', resource: '' })).body.scope).toBe('read');
  });

  it('end with a new secret of the client (67)', async () => {
    const { body } = await asking();
    await oauth.clients.rotateSecret('robot');
    expect(await statusWith(oauth, body.access_token)).toBe(401);
  });
});

describe('the key pair of an administrator', () => {
  it('acts for that administrator (57)', async () => {
    const { status, body } = await asking(await keyPair());
    expect([status, body.expires_in, body.scope]).toEqual([200, 36_000, 'all']);
    expect(body).not.toHaveProperty('refresh_token');
    expect(await principalOf(body.access_token)).toMatchObject({ kind: 'user', username: 'root', role: 'admin' });
    expect(await audited(oauth.stores, 'token.issued')).toMatchObject([
      { username: 'root', detail: 'client_credentials' },
    ]);
  });

  it('asks for a part of what it may, and gets no more (57)', async () => {
    const pair = await keyPair();
    for (const scope of ['call', 'read write', 'operator', 'admin', 'all call']) {
      const { status, body } = await asking({ ...pair, scope });
      expect([status, body.scope]).toEqual([200, scope]);
      const principal = await oauth.tokenVerifier.verify(presented((body as { access_token: string }).access_token));
      expect(principal.kind === 'user' && [...principal.permissions].sort()).toEqual(
        [...permissionsOf(scope.split(' ') as Scope[], 'admin')].sort(),
      );
    }
    for (const scope of ['nonsense', 'application']) {
      expect(await refusal(asking({ ...pair, scope }))).toEqual([400, 'invalid_scope']);
    }
    expect(await refusal(asking({ scope: 'operator' }))).toEqual([400, 'invalid_scope']);
  });

  it('dies with the account (57 and 67)', async () => {
    const pair = await keyPair();
    const { body } = await asking(pair);
    await oauth.users.setStatus('root', 'disabled');
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect(await refusal(asking(pair))).toEqual([401, 'invalid_client']);
  });

  it('and its tokens are worth nothing once there is a new one (67)', async () => {
    const old = await keyPair();
    const { body } = await asking(old);
    const fresh = await keyPair();
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect(await refusal(asking(old))).toEqual([401, 'invalid_client']);
    expect((await asking(fresh)).status).toBe(200);
  });

  it('gives nothing when it is replaced while it is being used (67)', async () => {
    const old = await keyPair();
    const { tokens: store } = oauth.stores;
    const startFamily = store.start.bind(store);
    store.start = async (family, tokens, proof) => {
      await keyPair();
      return startFamily(family, tokens, proof);
    };
    expect(await refusal(asking(old))).toEqual([400, 'invalid_grant']);
  });
});
