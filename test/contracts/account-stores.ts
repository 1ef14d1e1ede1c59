import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { OAuthStores } from '../../src/oauth/stores.ts';
import { aClient, aCode, aFamily, aUser, count, HOUR, NOON, tokensOf } from './records.ts';

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
        session: (await stores.sessions.find(name, NOON)) !== undefined,
        pending: (await stores.pendingDecisions.take(key, NOON)) !== undefined,
      };
    };
    const everything = { access: true, refresh: true, code: true, session: true, pending: true };
    const nothing = { access: false, refresh: false, code: false, session: false, pending: false };

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

    it('ends what a user has when the password changes, and nobody else', async () => {
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

    it('gives clients back as they were inserted; save replaces, and keeps what they gave', async () => {
      const empty = { redirectUris: [], responseTypes: [], grantTypes: [], grantTypesByGet: [], defaultScopes: [] };
      const client = aClient('new', { ...empty, secretHash: null, sandbox: true, tokenInQuery: 'refused' });
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
  });
};
