import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PendingDecision, RememberedGrant, Session } from '../../src/oauth/session-stores.ts';
import type { OAuthStoresUnderTest } from './account-stores.ts';
import { aClient, aUser, HOUR, NOON } from './records.ts';

/** What every driver of the ports behind the pages does: sessions, pending decisions, remembered grants, addresses. */
export const describeSessionStores = (driver: string, open: () => Promise<OAuthStoresUnderTest>): void => {
  describe(`${driver}: sessions and consents`, () => {
    let stores: OAuthStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      for (const id of ['user-1', 'user-2']) await stores.users.insert(aUser(id));
      for (const id of ['app', 'other']) await stores.clients.insert(aClient(id));
    });
    afterEach(() => stores.close());

    const key = { sessionHash: 's', userId: 'user-1', requestHash: 'r' };
    const decision: PendingDecision = { ...key, request: '{"client_id":"app"}', expiresAt: NOON + HOUR };
    const session: Session = { hash: 's', userId: null, data: '{"a":1}', expiresAt: NOON + HOUR };

    it('gives a pending decision to one of 50 that take it at once', async () => {
      await stores.pendingDecisions.arm({ ...decision, request: 'older' });
      await stores.pendingDecisions.arm(decision);
      const taken = await Promise.all(Array.from({ length: 50 }, () => stores.pendingDecisions.take(key, NOON)));
      expect(taken.filter((candidate) => candidate !== undefined)).toEqual([decision]);
    });

    it('gives a pending decision to nobody else, and not when it has expired', async () => {
      await stores.pendingDecisions.arm(decision);
      for (const other of [{ sessionHash: 'x' }, { userId: 'user-2' }, { requestHash: 'x' }]) {
        expect(await stores.pendingDecisions.take({ ...key, ...other }, NOON)).toBeUndefined();
      }
      expect(await stores.pendingDecisions.take(key, NOON + HOUR)).toBeUndefined();
      await stores.pendingDecisions.arm(decision);
      await stores.pendingDecisions.deleteExpired(NOON + HOUR - 1);
      expect(await stores.pendingDecisions.take(key, NOON)).toEqual(decision);
      await stores.pendingDecisions.arm(decision);
      await stores.pendingDecisions.deleteExpired(NOON + HOUR);
      expect(await stores.pendingDecisions.take(key, NOON)).toBeUndefined();
    });

    it('finds a session until it expires; save replaces, touch moves its end', async () => {
      await stores.sessions.save(session);
      const loggedIn = { ...session, userId: 'user-1', data: '{"b":2}' };
      await stores.sessions.save(loggedIn);
      expect(await stores.sessions.find('s', NOON + HOUR - 1)).toEqual(loggedIn);
      expect(await stores.sessions.find('s', NOON + HOUR)).toBeUndefined();
      await stores.sessions.touch('s', NOON + 2 * HOUR);
      await stores.sessions.touch('unknown', NOON + 2 * HOUR);
      expect((await stores.sessions.find('s', NOON + HOUR))?.expiresAt).toBe(NOON + 2 * HOUR);
      expect(await stores.sessions.find('unknown', NOON)).toBeUndefined();
      await stores.sessions.deleteExpired(NOON + 2 * HOUR);
      expect(await stores.sessions.find('s', NOON)).toBeUndefined();
    });

    it('deletes a session with the decisions that are pending in it', async () => {
      await stores.sessions.save(session);
      await stores.sessions.save({ ...session, hash: 'other' });
      await stores.pendingDecisions.arm(decision);
      await stores.pendingDecisions.arm({ ...decision, sessionHash: 'other' });
      await stores.sessions.delete('s');
      await stores.sessions.delete('unknown');
      expect(await stores.sessions.find('s', NOON)).toBeUndefined();
      expect(await stores.pendingDecisions.take(key, NOON)).toBeUndefined();
      expect(await stores.sessions.find('other', NOON)).toBeDefined();
      expect(await stores.pendingDecisions.take({ ...key, sessionHash: 'other' }, NOON)).toBeDefined();
    });

    it('remembers the latest grant for a user, client, address and response type, until it is forgotten', async () => {
      const address = 'http://localhost:8888/test';
      const place = { userId: 'user-1', clientId: 'app', redirectUri: address, responseType: 'code' } as const;
      const grant: RememberedGrant = { ...place, scopes: ['call'], grantedAt: NOON };
      const wider: RememberedGrant = { ...grant, scopes: ['call', 'read'], grantedAt: NOON + 1 };
      await stores.rememberedGrants.save(grant);
      await stores.rememberedGrants.save(wider);
      await stores.rememberedGrants.save({ ...grant, clientId: 'other' });
      expect(await stores.rememberedGrants.find(place)).toEqual(wider);
      const elsewhere = [{ userId: 'user-2' }, { redirectUri: 'http://x' }, { responseType: 'token' }] as const;
      for (const other of elsewhere) {
        expect(await stores.rememberedGrants.find({ ...place, ...other })).toBeUndefined();
      }
      await stores.rememberedGrants.forget('user-1', 'app');
      expect(await stores.rememberedGrants.find(place)).toBeUndefined();
      expect(await stores.rememberedGrants.find({ ...place, clientId: 'other' })).toBeDefined();
    });

    it('knows from where a user logged in', async () => {
      await stores.loginAddresses.remember('user-1', '192.0.2.1', NOON);
      await stores.loginAddresses.remember('user-1', '192.0.2.1', NOON + 1);
      expect(await stores.loginAddresses.isKnown('user-1', '192.0.2.1')).toBe(true);
      expect(await stores.loginAddresses.isKnown('user-1', '192.0.2.2')).toBe(false);
      expect(await stores.loginAddresses.isKnown('user-2', '192.0.2.1')).toBe(false);
    });
  });
};
