import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Actor } from '../../../src/oauth/model/audit-log.ts';
import { audited } from '../../support/audited.ts';
import {
  asked,
  createOAuthApp,
  type Fields,
  type OAuthApp,
  obtainCode,
  redemption,
  refreshing,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const redirectUri = 'https://app.example/cb';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
const myApp = { name: 'Mine', type: 'confidential', redirectUris: [redirectUri] } as const;

let oauth: OAuthApp;
let owner: Actor;
let other: Actor;

const actorOf = async (username: string): Promise<Actor> => ({
  user: (await oauth.stores.users.findByUsername(username))!,
  address: '127.0.0.1',
});

beforeEach(async () => {
  oauth = await createOAuthApp();
  owner = await actorOf('demo');
  other = await actorOf('operator');
});
afterEach(() => oauth.close());

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Walks the code flow with an application that a user made. */
const obtain = async (clientId: string, secret: string | null): Promise<Tokens> => {
  const code = await obtainCode(oauth, asked({ client_id: clientId, redirect_uri: redirectUri, ...pkce }));
  const changes = { client_id: clientId, client_secret: secret!, redirect_uri: redirectUri, code_verifier: verifier };
  const answer = await requestToken(oauth, redemption(code, changes));
  expect(answer.status).toBe(200);
  return answer.body;
};

describe("a user's applications", () => {
  it('start strict and work at once', async () => {
    const { applicationAdmin } = oauth.authorization;
    const { client, secret } = await applicationAdmin.create(owner, myApp);
    expect(client).toMatchObject({
      ...{ name: 'Mine', ownerId: owner.user.id, kind: 'application', sandbox: true, status: 'active' },
      ...{ scopes: ['call'], responseTypes: ['code'], grantTypes: ['authorization_code', 'refresh_token'] },
      ...{ codeChallenge: 'required', tokenInQuery: 'refused', grantTypesByGet: [], tokenFormat: 'opaque' },
    });
    expect(client.id).toMatch(/^[0-9a-f]{32}$/);
    const tokens = await obtain(client.id, secret);
    expect(await statusWith(oauth, tokens.access_token)).toBe(200);
    expect(await applicationAdmin.list(owner)).toEqual([client]);
    expect(await applicationAdmin.list(other)).toEqual([]);
  });

  it.each([
    [{ redirectUris: [] }, 'redirectUris'],
    [{ redirectUris: ['http://app.example/'] }, 'redirectUris'],
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ grantTypes: [] }, 'grantTypes'],
    [{ grantTypes: ['refresh_token'] }, 'grantTypes'],
    [{ type: 'public', grantTypes: ['client_credentials'] }, 'grantTypes'],
    [{ scopes: [] }, 'scopes'],
  ] as const)('are refused with the fault named: %j', async (changes, field) => {
    const created = oauth.authorization.applicationAdmin.create(owner, { ...myApp, ...changes });
    await expect(created).rejects.toThrow(new RegExp(`^${field}: `));
    expect(await oauth.authorization.applicationAdmin.list(owner)).toEqual([]);
  });

  it('are refused where they are out of all proportion', async () => {
    const { applicationAdmin } = oauth.authorization;
    const long = applicationAdmin.create(owner, { ...myApp, redirectUris: [`${redirectUri}?${'a'.repeat(2000)}`] });
    await expect(long).rejects.toThrow('redirectUris: at most 2000 characters each');
    const many = applicationAdmin.create(owner, { ...myApp, redirectUris: Array<string>(21).fill(redirectUri) });
    await expect(many).rejects.toThrow('redirectUris: at most 20');
  });

  it('are fifty at most', async () => {
    const { applicationAdmin } = oauth.authorization;
    const machine = { ...myApp, redirectUris: [], grantTypes: ['client_credentials'] } as const;
    for (let count = 0; count < 45; count += 1) await applicationAdmin.create(owner, machine);
    await Promise.allSettled(Array.from({ length: 20 }, () => applicationAdmin.create(owner, machine)));
    expect(await applicationAdmin.list(owner)).toHaveLength(50);
    await expect(applicationAdmin.create(owner, machine)).rejects.toThrow('There are 50 applications already');
    await applicationAdmin.create(other, machine);
  });

  it('lose their tokens with a new secret and with their end (67)', async () => {
    const { applicationAdmin } = oauth.authorization;
    const { client, secret } = await applicationAdmin.create(owner, myApp);
    const before = await obtain(client.id, secret);
    const rotated = await applicationAdmin.rotateSecret(owner, client.id);
    expect(await statusWith(oauth, before.access_token)).toBe(401);
    const refresh = async (clientSecret: string): Promise<[number, string]> => {
      const changes = { client_id: client.id, client_secret: clientSecret };
      const answer = await requestToken(oauth, refreshing(before.refresh_token, changes));
      return [answer.status, answer.body.error];
    };
    expect(await refresh(secret!)).toEqual([401, 'invalid_client']);
    expect(await refresh(rotated.secret!)).toEqual([400, 'invalid_grant']);

    const after = await obtain(client.id, rotated.secret);
    await applicationAdmin.delete(owner, client.id);
    expect(await statusWith(oauth, after.access_token)).toBe(401);
    expect(await refresh(rotated.secret!)).toEqual([401, 'invalid_client']);
    expect(await applicationAdmin.list(owner)).toEqual([]);
    for (const event of ['client.created', 'client.secret_rotated', 'client.deleted'] as const) {
      const about = { clientId: client.id, userId: owner.user.id, address: '127.0.0.1' };
      expect(await audited(oauth.stores, event)).toMatchObject([about]);
    }
  });

  it('a client that an administrator deletes loses its tokens too (67)', async () => {
    const { body } = await requestToken(oauth, redemption(await obtainCode(oauth)));
    await oauth.clients.delete('demo-app');
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    await expect(oauth.clients.delete('demo-app')).rejects.toThrow('no client');
  });

  it('do not exist for others, nor do clients of the service', async () => {
    const { applicationAdmin } = oauth.authorization;
    const { client } = await applicationAdmin.create(owner, myApp);
    for (const [actor, id] of [
      [other, client.id],
      [owner, 'demo-app'],
      [owner, 'nobody'],
    ] as const) {
      await expect(applicationAdmin.rotateSecret(actor, id)).rejects.toThrow('There is no application');
      await expect(applicationAdmin.delete(actor, id)).rejects.toThrow('There is no application');
    }
    expect(await oauth.stores.clients.find(client.id)).toEqual(client);
  });

  it('have no secret to rotate where they are public', async () => {
    const { applicationAdmin } = oauth.authorization;
    const { client, secret } = await applicationAdmin.create(owner, { ...myApp, type: 'public' });
    expect(secret).toBeNull();
    await expect(applicationAdmin.rotateSecret(owner, client.id)).rejects.toThrow('public client');
  });
});

describe('key pairs of administrators', () => {
  const credentialsOf = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }): Fields => ({
    ...{ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
  });

  let admin: Actor;
  beforeEach(async () => {
    await oauth.users.create({ username: 'admin', password: 'admin', role: 'admin', sandbox: true });
    admin = await actorOf('admin');
  });

  it('a new pair ends the former one and its tokens at once (67)', async () => {
    const { keyPairs } = oauth.authorization;
    expect(await keyPairs.find(admin)).toBeUndefined();
    const former = await keyPairs.generate(admin);
    const { body } = await requestToken(oauth, credentialsOf(former));
    expect(body).toMatchObject({ expires_in: 36_000, scope: 'all' });
    expect(body).not.toHaveProperty('refresh_token');
    expect(await statusWith(oauth, body.access_token)).toBe(200);

    const pair = await keyPairs.generate(admin);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect((await requestToken(oauth, credentialsOf(former))).status).toBe(401);
    expect((await requestToken(oauth, credentialsOf(pair))).status).toBe(200);
    expect(await keyPairs.find(admin)).toMatchObject({
      ...{ id: pair.clientId, kind: 'key-pair', ownerId: admin.user.id, sandbox: true, scopes: ['all'] },
      ...{ grantTypes: ['client_credentials'], responseTypes: [], redirectUris: [] },
    });
    expect(await audited(oauth.stores, 'key_pair.generated')).toMatchObject([
      { clientId: former.clientId, userId: admin.user.id, address: '127.0.0.1' },
      { clientId: pair.clientId, userId: admin.user.id, address: '127.0.0.1' },
    ]);
  });

  it('are one an administrator, and no application', async () => {
    const { keyPairs, applicationAdmin } = oauth.authorization;
    await oauth.users.create({ username: 'chief', password: 'chief', role: 'admin', sandbox: true });
    const chief = await actorOf('chief');
    const [one, two] = [await keyPairs.generate(admin), await keyPairs.generate(chief)];
    for (const pair of [one, two]) expect((await requestToken(oauth, credentialsOf(pair))).status).toBe(200);
    expect(await applicationAdmin.list(admin)).toEqual([]);
    await expect(applicationAdmin.delete(admin, one.clientId)).rejects.toThrow('There is no application');
  });

  it('are not for others', async () => {
    const { keyPairs } = oauth.authorization;
    for (const actor of [owner, other]) {
      await expect(keyPairs.generate(actor)).rejects.toThrow('administrator');
      await expect(keyPairs.find(actor)).rejects.toThrow('administrator');
    }
  });
});
