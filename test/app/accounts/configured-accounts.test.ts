import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configureClients } from '../../../src/app/accounts/configured-clients.ts';
import { ConfiguredPhones, refusePhonesOfNobody } from '../../../src/app/accounts/configured-phones.ts';
import { issueSipAccount, SipAccountTakenError } from '../../../src/app/sip-accounts.ts';
import { ConfigError } from '../../../src/config/config.ts';
import { settingsSchema } from '../../../src/config/settings.ts';
import { createUserAdmin } from '../../../src/oauth/accounts/user-admin.ts';
import { createClientAdmin } from '../../../src/oauth/clients/client-admin.ts';
import { hashSecret } from '../../../src/oauth/model/secrets.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { createCheapHasher } from '../../support/cheap-hasher.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const ids = createSystemIds();
let stores: TestStores;

beforeEach(async () => {
  stores = await createTestStores();
});

afterEach(() => stores.close());

const addUser = async (username: string): Promise<string> => {
  const admin = createUserAdmin({ ...stores, hasher: createCheapHasher(), ids });
  return (await admin.create({ username, password: 'correct horse', role: 'user' })).id;
};

describe('the clients of the configuration file', () => {
  const secret = 'a secret of at least thirty-two characters';
  const shop = { id: 'shop', secret, redirect_uris: ['https://shop.example/back'] };

  const configure = (...clients: object[]): Promise<void> =>
    configureClients(createClientAdmin({ ...stores, ids }), settingsSchema.parse({ clients }).clients);

  it('are written as they stand there', async () => {
    await configure(
      {
        ...shop,
        name: 'The shop',
        response_types: ['code', 'token'],
        grants: ['authorization_code'],
        scopes: ['read'],
      },
      { id: 'page', redirect_uris: ['com.example.page:/back'], access_token_seconds: 60 },
      { ...shop, id: 'legacy', token_by_get: ['authorization_code'], query_tokens: true, require_pkce: false },
    );
    expect(await stores.clients.find('shop')).toMatchObject({
      name: 'The shop',
      secretHash: hashSecret(secret),
      redirectUris: ['https://shop.example/back'],
      responseTypes: ['code', 'token'],
      grantTypes: ['authorization_code'],
      grantTypesByGet: [],
      scopes: ['read'],
      defaultScopes: ['read'],
      tokenInQuery: 'refused',
      codeChallenge: 'required',
      tokenFormat: 'opaque',
      tokenBinding: 'on-request',
      sandbox: false,
    });
    expect(await stores.clients.find('page')).toMatchObject({
      name: 'page',
      secretHash: null,
      accessTokenSeconds: 60,
    });
    expect(await stores.clients.find('legacy')).toMatchObject({
      grantTypesByGet: ['authorization_code'],
      tokenInQuery: 'allowed',
      codeChallenge: 'optional',
    });
  });

  it('may have every grant, with lifetimes, default scopes, format and binding of their own', async () => {
    const grants = ['password', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'];
    await configure({
      ...{ id: 'robot', secret, grants, token_by_get: ['password'] },
      ...{ scopes: ['read', 'write', 'operator'], default_scopes: ['read'] },
      ...{ access_token_seconds: 600, refresh_idle_seconds: 7200, refresh_absolute_seconds: 86_400 },
      ...{ token_format: 'jwt', token_binding: 'dpop' },
    });
    expect(await stores.clients.find('robot')).toMatchObject({
      ...{ grantTypes: grants, grantTypesByGet: ['password'], responseTypes: [], redirectUris: [] },
      ...{ scopes: ['read', 'write', 'operator'], defaultScopes: ['read'] },
      ...{ accessTokenSeconds: 600, refreshIdleSeconds: 7200, refreshAbsoluteSeconds: 86_400 },
      ...{ tokenFormat: 'jwt', tokenBinding: 'dpop' },
    });
  });

  it('are refused where a grant cannot be used as it is described', async () => {
    const grants = ['client_credentials'];
    await expect(configure({ id: 'open', grants })).rejects.toThrow(
      'clients[0].grants: client_credentials needs a secret',
    );
    await expect(configure({ ...shop, grants, token_by_get: ['password'] })).rejects.toThrow(
      'clients[0].token_by_get: must be some of grants',
    );
    await expect(configure({ ...shop, default_scopes: ['none'] })).rejects.toThrow(
      'default_scopes: there is no scope none',
    );
    expect(await stores.clients.list()).toEqual([]);
    const firstParty = settingsSchema.safeParse({ clients: [shop], first_party_client: 'other' });
    expect(firstParty.error?.issues).toMatchObject([
      { path: ['first_party_client'], message: 'there is no client "other"' },
    ]);
    expect(settingsSchema.parse({ clients: [shop], first_party_client: 'shop' }).first_party_client).toBe('shop');
  });

  it('follow the file at the next start; a changed secret ends the tokens', async () => {
    const userId = await addUser('alice');
    const give = async (): Promise<void> => {
      const times = { createdAt: stores.clock.now(), expiresAt: stores.clock.now() + 1000 };
      const family = { id: 'f', clientId: 'shop', userId, scopes: ['call'], ...times } as const;
      const access = { hash: hashSecret('token'), familyId: 'f', dpopKey: null, scopes: ['call'], ...times } as const;
      await stores.tokens.start(family, { access, refresh: null });
    };
    await configure(shop);
    await give();
    await configure({ ...shop, name: 'Renamed' });
    expect(await stores.clients.find('shop')).toMatchObject({ name: 'Renamed' });
    expect(await stores.tokens.findAccess(hashSecret('token'))).toBeDefined();
    await configure({ ...shop, secret: secret.toUpperCase() });
    expect(await stores.tokens.findAccess(hashSecret('token'))).toBeUndefined();
  });

  it('are refused with every mistake named by its path, and none repeats a secret', async () => {
    const refusal = configure(
      { ...shop, redirect_uris: ['https://shop.example/back', 'http://shop.example/back'] },
      { ...shop, id: 'two words', redirect_uris: ['/back'], scopes: ['call'] },
      { ...shop, id: 'third', scopes: ['call', 'everything', 'more'] },
    );
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    const { message } = await refusal.then(() => new Error('taken')).catch((error: unknown) => error as Error);
    expect(message.split('\n').map((line) => line.trim())).toEqual([
      'The configuration has 4 mistakes:',
      expect.stringMatching(/^clients\[0\]\.redirect_uris: http:\/\/shop\.example\/back must be https/),
      'clients[1].id: must be letters, digits and ._-',
      'clients[1].redirect_uris: /back must be an absolute URI',
      'clients[2].scopes: there is no scope everything, more',
    ]);
    expect(message).not.toContain(secret);
  });
});

describe('the phones of the configuration file', () => {
  it('stand in for those that their users have in the directory, and leave the others alone', async () => {
    const [alice, bob] = [await addUser('alice'), await addUser('bob')];
    for (const userId of [alice, bob]) {
      await stores.phoneBook.addPhone({ userId, name: 'old', endpoint: { kind: 'address', uri: 'sip:old@10.0.0.1' } });
    }
    await stores.userChanges.change(bob, { extension: '200', homeCountry: null, callerIds: [] });
    const phones = new ConfiguredPhones(stores.phones, [
      { user: 'alice', address: 'sip:desk@10.0.0.5' },
      { user: 'nobody', address: 'sip:nobody@10.0.0.5' },
      { user: 'alice', address: 'sip:mobile@10.0.0.6' },
    ]);
    expect(await phones.phonesOf({ userId: alice, username: 'alice' })).toMatchObject([
      { name: 'sip:desk@10.0.0.5', endpoint: { kind: 'address', uri: 'sip:desk@10.0.0.5' } },
      { name: 'sip:mobile@10.0.0.6', endpoint: { kind: 'address', uri: 'sip:mobile@10.0.0.6' } },
    ]);
    expect(await phones.phonesOf({ userId: bob, username: 'bob' })).toMatchObject([{ name: 'old' }]);
    expect(await phones.phonesOf({ userId: 'unknown', username: 'unknown' })).toEqual([]);
    expect(await phones.user(alice)).toMatchObject({ username: 'alice' });
    expect(await phones.userByExtension('200')).toMatchObject({ userId: bob });
    expect(await new ConfiguredPhones(stores.phones, []).phonesOf({ userId: alice, username: 'alice' })).toMatchObject([
      { name: 'old' },
    ]);
  });
});

describe('a SIP account', () => {
  it('has a new password each time, and a name that no other phone has', async () => {
    const [alice, bob] = [await addUser('alice'), await addUser('bob')];
    const issue = (userId: string, account: string) => issueSipAccount({ stores, ids }, { userId, account });
    const passwords = [await issue(alice, 'desk'), await issue(alice, 'mobile')];
    expect(new Set(passwords).size).toBe(2);
    expect(passwords.every((password) => password.length === 24)).toBe(true);
    await expect(issue(bob, 'desk')).rejects.toThrow(SipAccountTakenError);
    expect(await stores.phones.phonesOf({ userId: bob, username: 'bob' })).toEqual([]);
  });
});

describe('a phone of the configuration file', () => {
  const address = 'sip:200@10.0.0.5';

  it('of a user is taken', async () => {
    await addUser('alice');
    await expect(refusePhonesOfNobody([{ user: 'alice', address }], stores.users)).resolves.toBeUndefined();
  });

  it('of nobody is a mistake, named by where it stands', async () => {
    await addUser('alice');
    const phones = [
      { user: 'alice', address },
      { user: 'alcie', address },
    ];
    await expect(refusePhonesOfNobody(phones, stores.users)).rejects.toMatchObject({
      name: 'ConfigError',
      mistakes: ['phones[1].user: there is no user alcie. Add one with: npx offhook user add alcie'],
    });
  });
});
