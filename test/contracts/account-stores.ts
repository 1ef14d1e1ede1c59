import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { OAuthStores } from '../../src/oauth/model/stores.ts';
import { aClient, aCode, aDeviceGrant, aFamily, aUser, count, HOUR, NOON, tokensOf } from './records.ts';

export interface OAuthStoresUnderTest extends OAuthStores {
  close(): Promise<void>;
}

/** What every driver of `UserStore` and `ClientStore` does. */
export const describeAccountStores = (driver: string, open: () => Promise<OAuthStoresUnderTest>): void => {
  describe(`${driver}: users and clients`, () => {
    let stores: OAuthStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      for (const id of ['user-1', 'user-2']) await stores.users.insert(aUser(id));
      for (const id of ['app', 'other']) await stores.clients.insert(aClient(id));
    });
    afterEach(() => stores.close());

    /** Everything that an account's end must end, for a user and a client. */
    const grant = async (userId: string, clientId: string): Promise<void> => {
      const name = `${userId} ${clientId}`;
      await stores.tokens.start(aFamily(name, { userId, clientId }), tokensOf(name, name));
      await stores.codes.insert(aCode(name, { userId, clientId }));
      await stores.sessions.save({ hash: name, userId, data: '{}', expiresAt: NOON + HOUR });
      await stores.devices.insert(aDeviceGrant(name, { clientId }));
      await stores.devices.answer(`${name}-user`, { userId, verdict: 'approved', now: NOON });
      const key = { sessionHash: name, userId, requestHash: 'r' };
      await stores.pendingDecisions.arm({ ...key, request: '{}', expiresAt: NOON + HOUR });
    };

    const remains = async (userId: string, clientId: string) => {
      const name = `${userId} ${clientId}`;
      const key = { sessionHash: name, userId, requestHash: 'r' };
      return {
        access: (await stores.tokens.findAccess(`${name}-access`)) !== undefined,
        refresh: (await stores.tokens.findFamily(`${name}-refresh`)) !== undefined,
        code: (await stores.codes.redeem(name, () => ({ action: 'refuse' }))) !== undefined,
        device: (await stores.devices.poll(`${name}-device`, () => ({ action: 'refuse' }))) !== undefined,
        session: (await stores.sessions.find(name, NOON)) !== undefined,
        pending: (await stores.pendingDecisions.take(key, NOON)) !== undefined,
      };
    };
    const everything = { access: true, refresh: true, code: true, device: true, session: true, pending: true };
    const nothing = { access: false, refresh: false, code: false, device: false, session: false, pending: false };

    it('gives users back as they were inserted, by id and by their exact name', async () => {
      const admin = aUser('user-3', { username: 'Ädmin', role: 'admin', sandbox: true, status: 'disabled' });
      expect(await stores.users.insert(admin)).toBe('inserted');
      expect(await stores.users.find('user-3')).toEqual(admin);
      expect(await stores.users.findByUsername('Ädmin')).toEqual(admin);
      expect(await stores.users.findByUsername('ädmin')).toBeUndefined();
      expect(await stores.users.find('nobody')).toBeUndefined();
      expect((await stores.users.list()).map(({ id }) => id)).toEqual(['user-1', 'user-2', 'user-3']);
    });

    it('inserts a username once, whatever number try at once', async () => {
      const users = Array.from({ length: 50 }, (_, index) => aUser(`twin-${index}`, { username: 'twin' }));
      const results = await Promise.all(users.map((user) => stores.users.insert(user)));
      expect([count(results, 'inserted'), count(results, 'taken')]).toEqual([1, 49]);
      expect((await stores.users.findByUsername('twin'))?.id).toBe('twin-0');
    });

    it('ends what a user has when the password changes, and nothing of others', async () => {
      await grant('user-1', 'app');
      await grant('user-2', 'app');
      await stores.users.changePassword('user-1', 'new hash');
      expect((await stores.users.find('user-1'))?.passwordHash).toBe('new hash');
      expect(await remains('user-1', 'app')).toEqual(nothing);
      expect(await remains('user-2', 'app')).toEqual(everything);
    });

    it('ends what a user has when the account is disabled, and nothing when it is enabled', async () => {
      await grant('user-1', 'app');
      await stores.users.setStatus('user-1', 'active');
      expect(await remains('user-1', 'app')).toEqual(everything);
      await grant('user-1', 'other');
      await stores.users.setStatus('user-1', 'disabled');
      expect((await stores.users.find('user-1'))?.status).toBe('disabled');
      expect(await remains('user-1', 'app')).toEqual(nothing);
      expect(await remains('user-1', 'other')).toEqual(nothing);
    });

    it('disables and enables with a user the clients of that user, and no others', async () => {
      await stores.clients.insert(aClient('mine', { ownerId: 'user-1' }));
      await stores.clients.insert(aClient('theirs', { ownerId: 'user-2' }));
      for (const status of ['disabled', 'active'] as const) {
        await stores.users.setStatus('user-1', status);
        const found = await Promise.all(['mine', 'theirs', 'app'].map((id) => stores.clients.find(id)));
        expect(found.map((client) => client?.status)).toEqual([status, 'active', 'active']);
      }
    });

    it('gives clients back as they were inserted; save replaces, and keeps what they gave', async () => {
      const empty = { redirectUris: [], responseTypes: [], grantTypes: [], grantTypesByGet: [], defaultScopes: [] };
      const strict = {
        codeChallenge: 'required',
        tokenFormat: 'jwt',
        tokenBinding: 'dpop',
        ownerId: 'user-2',
      } as const;
      const more = { secretHash: null, sandbox: true, tokenInQuery: 'refused' } as const;
      const client = aClient('new', { ...empty, ...strict, ...more });
      expect(await stores.clients.insert(client)).toBe('inserted');
      expect(await stores.clients.insert(aClient('new'))).toBe('taken');
      expect(await stores.clients.find('new')).toEqual(client);
      await grant('user-1', 'app');
      const changed = aClient('app', { name: 'renamed', scopes: ['all'], accessTokenSeconds: 1, status: 'disabled' });
      await stores.clients.save(changed);
      expect(await stores.clients.find('app')).toEqual(changed);
      expect(await remains('user-1', 'app')).toEqual(everything);
      await stores.clients.save(aClient('saved first'));
      expect((await stores.clients.list()).map(({ id }) => id)).toEqual(['app', 'new', 'other', 'saved first']);
    });

    it('ends codes and tokens of a client whose secret is rotated, and no session', async () => {
      await grant('user-1', 'app');
      await grant('user-1', 'other');
      await stores.clients.rotateSecret('app', 'new hash');
      expect((await stores.clients.find('app'))?.secretHash).toBe('new hash');
      expect(await remains('user-1', 'app')).toEqual({ ...nothing, session: true, pending: true });
      expect(await remains('user-1', 'other')).toEqual(everything);
    });

    it('keeps the secret that gives way, and all that it gave, until the next one', async () => {
      await grant('user-1', 'app');
      const formerSecret = { hash: 'old hash', endsAt: NOON + 5 };
      await stores.clients.rotateSecret('app', 'new hash', formerSecret);
      const rotated = aClient('app', { secretHash: 'new hash', formerSecret });
      expect(await stores.clients.find('app')).toEqual(rotated);
      expect(await remains('user-1', 'app')).toEqual(everything);
      await stores.clients.save(rotated);
      expect(await stores.clients.find('app')).toEqual(rotated);
      await stores.clients.rotateSecret('app', 'newest hash');
      expect(await stores.clients.find('app')).toEqual(aClient('app', { secretHash: 'newest hash' }));
      expect((await remains('user-1', 'app')).access).toBe(false);
    });

    it('deletes a client with all that it was given, and no other', async () => {
      const place = { redirectUri: 'http://localhost:8888/test', responseType: 'code' } as const;
      for (const clientId of ['app', 'other']) {
        await grant('user-1', clientId);
        const key = { ...place, userId: 'user-1', clientId };
        await stores.rememberedGrants.save({ ...key, scopes: ['call'], grantedAt: NOON });
      }
      await stores.clients.delete('app');
      await stores.clients.delete('unknown');
      expect((await stores.clients.list()).map(({ id }) => id)).toEqual(['other']);
      expect(await remains('user-1', 'app')).toEqual({ ...nothing, session: true, pending: true });
      expect(await remains('user-1', 'other')).toEqual(everything);
      const remembered = ['app', 'other'].map((clientId) =>
        stores.rememberedGrants.find({ ...place, userId: 'user-1', clientId }),
      );
      expect(await Promise.all(remembered)).toMatchObject([undefined, { clientId: 'other' }]);
    });

    it('lists the applications that a user made, by name, without the key pair', async () => {
      await stores.clients.insert(aClient('1', { ownerId: 'user-1', name: 'second' }));
      await stores.clients.insert(aClient('2', { ownerId: 'user-1', name: 'first' }));
      await stores.clients.insert(aClient('3', { ownerId: 'user-2' }));
      await stores.clients.insert(aClient('4', { ownerId: 'user-1', kind: 'key-pair' }));
      expect((await stores.clients.listOwnedBy('user-1')).map(({ name }) => name)).toEqual(['first', 'second']);
      expect(await stores.clients.listOwnedBy('nobody')).toEqual([]);
    });

    const keyPair = (id: string, ownerId = 'user-1') => aClient(id, { kind: 'key-pair', ownerId });

    it('replaces a key pair with its tokens at once, and leaves what else the owner has', async () => {
      await stores.clients.insert(aClient('mine', { ownerId: 'user-1' }));
      await stores.clients.replaceKeyPair(keyPair('theirs', 'user-2'));
      await stores.clients.replaceKeyPair(keyPair('old'));
      for (const clientId of ['mine', 'old']) await grant('user-1', clientId);
      await grant('user-2', 'theirs');
      await stores.clients.replaceKeyPair(keyPair('new'));
      expect(await stores.clients.findKeyPair('user-1')).toEqual(keyPair('new'));
      expect(await stores.clients.find('old')).toBeUndefined();
      expect(await remains('user-1', 'old')).toEqual({ ...nothing, session: true, pending: true });
      expect(await remains('user-1', 'mine')).toEqual(everything);
      expect(await remains('user-2', 'theirs')).toEqual(everything);
      expect(await stores.clients.findKeyPair('nobody')).toBeUndefined();
    });

    it('leaves a user one key pair, whatever number are made at once', async () => {
      const ids = Array.from({ length: 50 }, (_, index) => `pair-${index}`);
      await Promise.all(ids.map((id) => stores.clients.replaceKeyPair(keyPair(id))));
      const left = (await stores.clients.list()).filter(({ kind }) => kind === 'key-pair');
      expect(left).toEqual([keyPair('pair-49')]);
      await expect(stores.clients.insert(keyPair('second'))).rejects.toBeDefined();
    });

    it('keeps the old key pair where the new one cannot be written', async () => {
      await stores.clients.replaceKeyPair(keyPair('old'));
      await expect(stores.clients.replaceKeyPair(keyPair('app'))).rejects.toBeDefined();
      expect(await stores.clients.findKeyPair('user-1')).toEqual(keyPair('old'));
    });
  });
};
