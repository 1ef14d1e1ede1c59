import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PhoneEndpoint } from '../../../src/calls/call-engine.ts';
import { KyselyCredentialStore } from '../../../src/storage/phones/kysely-credential-store.ts';
import { aUser, count, HOUR, NOON } from '../../contracts/records.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const ha1 = { md5: 'a'.repeat(32), sha256: 'b'.repeat(64) };
const anAccount = (account: string, userId = 'user-1') => ({ account, userId, realm: 'offhook', ha1 });
const registered = (account: string): PhoneEndpoint => ({ kind: 'registered', account });

describe('phones and SIP accounts', () => {
  let stores: TestStores;

  beforeEach(async () => {
    stores = await createTestStores();
    for (const id of ['user-1', 'user-2']) await stores.users.insert(aUser(id));
  });
  afterEach(() => stores.close());

  const profile = { extension: '200', homeCountry: 'DE', callerIds: ['+12025550199', '+493012345'] };
  const namesOf = async (userId: string) =>
    (await stores.phones.phonesOf({ userId, username: userId })).map(({ name }) => name);

  it('says how a user is dialled: nothing at first, then what was saved', async () => {
    const user = { userId: 'user-1', username: 'name of user-1' };
    expect(await stores.phones.user('user-1')).toEqual({ ...user, extension: null, homeCountry: null, callerIds: [] });
    expect(await stores.userChanges.change('user-1', profile)).toBe('changed');
    expect(await stores.phones.user('user-1')).toEqual({ ...user, ...profile });
    expect(await stores.phones.userByExtension('200')).toEqual({ ...user, ...profile });
    expect(await stores.phones.userByExtension('20')).toBeUndefined();
    expect(await stores.phones.user('nobody')).toBeUndefined();
  });

  it('gives an extension to one user, who may save it again', async () => {
    const saved = await Promise.all(['user-1', 'user-2'].map((id) => stores.userChanges.change(id, profile)));
    expect(saved).toEqual(['changed', 'taken']);
    expect(await stores.userChanges.change('user-1', profile)).toBe('changed');
    const none = { ...profile, extension: null };
    expect(await stores.userChanges.change('user-1', none)).toBe('changed');
    expect(await stores.userChanges.change('user-2', none)).toBe('changed');
    expect((await stores.phones.user('user-2'))?.extension).toBeNull();
  });

  it('rings no phone at the extension of a disabled user', async () => {
    await stores.userChanges.change('user-1', profile);
    await stores.users.setStatus('user-1', 'disabled');
    expect(await stores.phones.userByExtension('200')).toBeUndefined();
  });

  it('lists phones in the order in which they were added', async () => {
    const endpoints: PhoneEndpoint[] = [
      { kind: 'number', number: '+12025550123' },
      { kind: 'address', uri: 'sip:200@10.0.0.5' },
      registered('alice'),
    ];
    for (const [index, endpoint] of endpoints.entries()) {
      const phone = { userId: 'user-1', name: `phone ${9 - index}`, endpoint };
      expect(await stores.phoneBook.addPhone(phone)).toBe('added');
    }
    const phones = await stores.phones.phonesOf({ userId: 'user-1', username: 'alice' });
    expect(phones.map(({ endpoint }) => endpoint)).toEqual(endpoints);
    expect(phones.map(({ name }) => name)).toEqual(['phone 9', 'phone 8', 'phone 7']);
    expect(new Set(phones.map(({ id }) => id)).size).toBe(3);
    expect(await stores.phones.phonesOf({ userId: 'user-2', username: 'bob' })).toEqual([]);
  });

  it('adds a phone and its account together, each name once', async () => {
    const add = (name: string, account: string, userId = 'user-1') =>
      stores.phoneBook.addPhone({ userId, name, endpoint: registered(account) }, anAccount(account, userId));
    const added = await Promise.all(Array.from({ length: 50 }, () => add('desk', 'alice')));
    expect([count(added, 'added'), count(added, 'taken')]).toEqual([1, 49]);
    expect(await add('other', 'alice', 'user-2')).toBe('taken');
    expect(await add('desk', 'new')).toBe('taken');
    expect([await namesOf('user-1'), await namesOf('user-2')]).toEqual([['desk'], []]);
    expect(await stores.credentials.ha1('new', 'offhook', 'MD5')).toBeUndefined();
  });

  it('removes a phone with its account and where it is registered, and no other', async () => {
    for (const account of ['alice', 'alice-2']) {
      const phone = { userId: 'user-1', name: account, endpoint: registered(account) };
      await stores.phoneBook.addPhone(phone, anAccount(account));
      const binding = { account, contact: 'sip:1', path: [], q: 1, callId: 'c', cseq: 1, userAgent: undefined };
      const flow = { protocol: 'udp', address: '127.0.0.1', port: 1 } as const;
      await stores.bindings.update(account, () => [{ ...binding, flow, registeredAt: NOON, expiresAt: NOON + HOUR }]);
    }
    expect(await stores.phoneBook.removePhone('user-2', 'alice')).toBe('unknown');
    expect(await stores.phoneBook.removePhone('user-1', 'alice')).toBe('removed');
    expect(await stores.phoneBook.removePhone('user-1', 'alice')).toBe('unknown');
    expect(await namesOf('user-1')).toEqual(['alice-2']);
    expect(await stores.bindings.find('alice')).toEqual([]);
    expect(await stores.credentials.ha1('alice', 'offhook', 'MD5')).toBeUndefined();
    expect(await stores.bindings.find('alice-2')).toHaveLength(1);
    expect(await stores.credentials.ha1('alice-2', 'offhook', 'MD5')).toBe(ha1.md5);
  });

  it('gives the digest of an account for its realm and algorithm, and keeps none in the clear', async () => {
    const phone = { userId: 'user-1', name: 'desk', endpoint: registered('alice') };
    await stores.phoneBook.addPhone(phone, anAccount('alice'));
    expect(await stores.credentials.ha1('alice', 'offhook', 'MD5')).toBe(ha1.md5);
    expect(await stores.credentials.ha1('alice', 'offhook', 'SHA-256')).toBe(ha1.sha256);
    expect(await stores.credentials.ha1('alice', 'elsewhere', 'MD5')).toBeUndefined();
    expect(await stores.credentials.ha1('bob', 'offhook', 'MD5')).toBeUndefined();
    const rows = await stores.database.builder.selectFrom('sip_accounts').selectAll().execute();
    expect(JSON.stringify(rows)).toContain('alice');
    expect(JSON.stringify(rows)).not.toMatch(/a{32}|b{64}/);
  });

  it('says so when the digests were sealed with another key file', async () => {
    const phone = { userId: 'user-1', name: 'desk', endpoint: registered('alice') };
    await stores.phoneBook.addPhone(phone, anAccount('alice'));
    const { database } = stores;
    const secretKey = Buffer.alloc(32, 1);
    const credentials = new KyselyCredentialStore({ database, secretKey, sandboxAccounts: 'accepted' });
    await expect(credentials.ha1('alice', 'offhook', 'MD5')).rejects.toMatchObject({ code: 'seal_broken' });
  });

  it('lets no phone of a disabled user register', async () => {
    const phone = { userId: 'user-1', name: 'desk', endpoint: registered('alice') };
    await stores.phoneBook.addPhone(phone, anAccount('alice'));
    await stores.users.setStatus('user-1', 'disabled');
    expect(await stores.credentials.ha1('alice', 'offhook', 'MD5')).toBeUndefined();
  });

  it('accepts accounts and extensions of a sandbox only while it is on', async () => {
    const refusing = await createTestStores({ sandboxAccounts: 'refused' });
    for (const { users, userChanges, phoneBook } of [stores, refusing]) {
      await users.insert(aUser('demo', { sandbox: true }));
      await userChanges.change('demo', profile);
      const phone = { userId: 'demo', name: 'demo', endpoint: registered('demo') };
      await phoneBook.addPhone(phone, anAccount('demo', 'demo'));
    }
    expect(await stores.credentials.ha1('demo', 'offhook', 'MD5')).toBe(ha1.md5);
    expect(await refusing.credentials.ha1('demo', 'offhook', 'MD5')).toBeUndefined();
    expect((await stores.phones.userByExtension('200'))?.userId).toBe('demo');
    expect(await refusing.phones.userByExtension('200')).toBeUndefined();
    await refusing.close();
  });
});
