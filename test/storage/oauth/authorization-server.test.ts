import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KyselyDeviceGrantStore } from '../../../src/storage/oauth/kysely-device-grant-store.ts';
import { KyselyRegistrationTokenStore } from '../../../src/storage/oauth/kysely-registration-token-store.ts';
import { KyselySigningKeyStore } from '../../../src/storage/oauth/kysely-signing-key-store.ts';
import { run } from '../../../src/storage/unit-of-work.ts';
import { aClient, aDeviceGrant, aFamily, aUser, count, HOUR, NOON, tokensOf } from '../../contracts/records.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const DAY = 24 * HOUR;

describe('the authorization server in SQLite', () => {
  let stores: TestStores;

  beforeEach(async () => {
    stores = await createTestStores();
    await stores.users.insert(aUser('user-1', { role: 'admin' }));
    await stores.clients.insert(aClient('app'));
  });
  afterEach(() => stores.close());

  const key = { id: 'the-kid', privateJwk: '{"kty":"OKP","d":"the-private-part"}', createdAt: NOON };

  it('lets so many devices wait and no more, of 20 that come at once', async () => {
    const devices = new KyselyDeviceGrantStore(stores.database, { mostPending: 3 });
    const grants = Array.from({ length: 20 }, (_, index) => aDeviceGrant(`tv-${index}`));
    const results = await Promise.all(grants.map((grant) => devices.insert(grant)));
    expect([count(results, 'inserted'), count(results, 'full')]).toEqual([3, 17]);
    await devices.answer('tv-0-user', { userId: 'user-1', verdict: 'refused', now: NOON });
    expect(await devices.insert(aDeviceGrant('next'))).toBe('inserted');
    expect(await devices.insert(aDeviceGrant('one more'))).toBe('full');
    await devices.deleteExpired(NOON + HOUR);
    expect(await devices.insert(aDeviceGrant('later'))).toBe('inserted');
  });

  it('keeps no private part of a signing key in its files', async () => {
    await stores.signingKeys.insert(key);
    const files = () =>
      readdirSync(stores.directory)
        .filter((name) => name.startsWith('offhook.db'))
        .map((name) => readFileSync(join(stores.directory, name), 'latin1'))
        .join('');
    for (const close of [() => undefined, () => stores.database.close()]) {
      await close();
      expect(files()).toContain('the-kid');
      expect(files()).not.toContain('the-private-part');
      expect(files()).not.toContain(Buffer.from(key.privateJwk).toString('base64url').slice(0, 20));
    }
  });

  it('opens no signing key with another key file, and none that was moved to another id', async () => {
    await stores.signingKeys.insert(key);
    const other = new KyselySigningKeyStore(stores.database, Buffer.alloc(32, 1));
    await expect(other.list()).rejects.toMatchObject({ code: 'seal_broken' });
    const { builder } = stores.database;
    await stores.database.write(() => run(builder.updateTable('signing_keys').set({ id: 'moved' }).compile()));
    await expect(stores.signingKeys.list()).rejects.toMatchObject({ code: 'seal_broken' });
  });

  it('lets what a sandbox administrator made register nothing while the sandbox is off', async () => {
    await stores.users.insert(aUser('sandboxed', { role: 'admin', sandbox: true }));
    const token = { hash: 't', name: '', createdBy: 'sandboxed', createdAt: NOON, expiresAt: NOON + HOUR };
    await stores.registrationTokens.insert(token);
    expect(await stores.registrationTokens.find('t', NOON)).toEqual(token);
    const withoutSandbox = new KyselyRegistrationTokenStore(stores.database, 'refused');
    expect(await withoutSandbox.find('t', NOON)).toBeUndefined();
  });

  it('deletes with an account its clients, and their tokens, and keeps what happened', async () => {
    await stores.clients.insert(aClient('mine', { ownerId: 'user-1' }));
    await stores.clients.insert(aClient('my pair', { ownerId: 'user-1', kind: 'key-pair' }));
    const alone = aFamily('alone', { clientId: 'mine', userId: null });
    await stores.tokens.start(alone, tokensOf('alone', 'alone'));
    await stores.devices.insert(aDeviceGrant('tv'));
    await stores.devices.answer('tv-user', { userId: 'user-1', verdict: 'approved', now: NOON });
    const nothing = { clientId: null, address: null, detail: null };
    await stores.audit.append({ ...nothing, event: 'login.succeeded', at: NOON, userId: 'user-1' });

    const { builder } = stores.database;
    await stores.database.write(() => run(builder.deleteFrom('users').where('id', '=', 'user-1').compile()));

    expect((await stores.clients.list()).map(({ id }) => id)).toEqual(['app']);
    expect(await stores.tokens.findAccess('alone-access')).toBeUndefined();
    expect(await stores.devices.poll('tv-device', () => ({ action: 'refuse' }))).toBeUndefined();
    expect(await stores.audit.list({ limit: 1 })).toMatchObject([{ userId: 'user-1', username: null }]);
  });

  it('sweeps what has expired, audit events after 90 days and addresses after 180, and no signing key', async () => {
    const now = NOON + 400 * DAY;
    const times = { createdAt: NOON, expiresAt: now };
    for (const id of ['a', 'b']) await stores.signingKeys.insert({ ...key, id });
    await stores.proofs.take('proof', now);
    await stores.registrationTokens.insert({ hash: 't', name: '', createdBy: 'user-1', ...times });
    await stores.devices.insert(aDeviceGrant('tv', { expiresAt: now - 10 * 60_000 }));
    await stores.sessions.save({ hash: 's', userId: 'user-1', data: '{}', expiresAt: now });
    for (const at of [now - 90 * DAY, now - 90 * DAY - 1]) {
      await stores.audit.append({ event: 'logout', at, userId: null, clientId: null, address: null, detail: null });
    }
    await stores.loginAddresses.remember('user-1', 'recent', now - 180 * DAY);
    await stores.loginAddresses.remember('user-1', 'old', now - 180 * DAY - 1);

    await stores.sweep(now);

    expect(await stores.signingKeys.list()).toHaveLength(2);
    expect(await stores.proofs.take('proof', now)).toBe('fresh');
    expect(await stores.registrationTokens.list(NOON)).toEqual([]);
    expect(await stores.devices.findPending('tv-user', NOON)).toBeUndefined();
    expect(await stores.sessions.find('s', NOON)).toBeUndefined();
    expect((await stores.audit.list({ limit: 9 })).map(({ at }) => at)).toEqual([now - 90 * DAY]);
    expect(await stores.loginAddresses.isKnown('user-1', 'recent')).toBe(true);
    expect(await stores.loginAddresses.isKnown('user-1', 'old')).toBe(false);
  });
});
