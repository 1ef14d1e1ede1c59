import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Session } from '../../src/oauth/model/account-stores.ts';
import type { PendingDecision, RememberedGrant } from '../../src/oauth/model/grant-stores.ts';
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

    it('keeps a reply for its session, user and name, until it expires or is erased', async () => {
      const place = { sessionHash: 's', userId: 'user-1', name: 'n' };
      await stores.keptReplies.keep({ ...place, text: 'older', expiresAt: NOON + HOUR });
      await stores.keptReplies.keep({ ...place, text: 'a secret', expiresAt: NOON + HOUR });
      expect(await stores.keptReplies.find(place, NOON)).toBe('a secret');
      for (const other of [{ sessionHash: 'x' }, { userId: 'user-2' }, { name: 'x' }]) {
        expect(await stores.keptReplies.find({ ...place, ...other }, NOON)).toBeUndefined();
      }
      expect(await stores.keptReplies.find(place, NOON + HOUR)).toBeUndefined();
      await stores.keptReplies.deleteExpired(NOON + HOUR - 1);
      expect(await stores.keptReplies.find(place, NOON)).toBe('a secret');
      await stores.keptReplies.deleteExpired(NOON + HOUR);
      expect(await stores.keptReplies.find(place, NOON)).toBeUndefined();
      await stores.keptReplies.keep({ ...place, text: 'again', expiresAt: NOON + HOUR });
      await stores.keptReplies.delete(place);
      expect(await stores.keptReplies.find(place, NOON)).toBeUndefined();
    });

    it.each<[string, (stores: OAuthStoresUnderTest) => Promise<unknown>]>([
      ['its session', ({ sessions }) => sessions.delete('s')],
      ['its session, among the others', ({ sessions }) => sessions.deleteOthers('user-1', 'x')],
      ['the password', ({ users }) => users.changePassword('user-1', 'new')],
      ['the account', ({ users }) => users.delete('user-1')],
    ])('erases kept replies with %s', async (_name, end) => {
      const place = { sessionHash: 's', userId: 'user-1', name: 'n' };
      await stores.sessions.save({ ...session, userId: 'user-1' });
      await stores.keptReplies.keep({ ...place, text: 'a secret', expiresAt: NOON + HOUR });
      await end(stores);
      expect(await stores.keptReplies.find(place, NOON)).toBeUndefined();
    });

    it('keeps the latest 50 replies of a session', async () => {
      for (let index = 0; index < 52; index += 1) {
        const reply = { sessionHash: 's', userId: 'user-1', name: String(index), text: 't', expiresAt: NOON + index };
        await stores.keptReplies.keep(reply);
      }
      const found = (index: number) =>
        stores.keptReplies.find({ sessionHash: 's', userId: 'user-1', name: String(index) }, NOON - 1);
      expect([await found(0), await found(1), await found(2)]).toEqual([undefined, undefined, 't']);
    });

    it('gives a pending decision to one of 50 that take it at once', async () => {
      await stores.pendingDecisions.arm({ ...decision, request: 'older' });
      await stores.pendingDecisions.arm(decision);
      const taken = await Promise.all(Array.from({ length: 50 }, () => stores.pendingDecisions.take(key, NOON)));
      expect(taken.filter((candidate) => candidate !== undefined)).toEqual([decision]);
    });

    it('gives a pending decision to no other session, user or request, and not when it has expired', async () => {
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

    it('keeps the latest 50 decisions of a session, whatever others wait for', async () => {
      const armed = Array.from({ length: 60 }, (_, index) => {
        return { ...decision, requestHash: `r${index}`, expiresAt: NOON + HOUR + index };
      });
      await stores.pendingDecisions.arm({ ...decision, sessionHash: 'other', expiresAt: NOON + 1 });
      for (const each of armed) await stores.pendingDecisions.arm(each);
      const taken = await Promise.all(armed.map((each) => stores.pendingDecisions.take(each, NOON)));
      expect(taken.map((found) => found !== undefined)).toEqual(armed.map((_, index) => index >= 10));
      expect(await stores.pendingDecisions.take({ ...key, sessionHash: 'other' }, NOON)).toBeDefined();
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

    it('lists the sessions of a user that have not expired, the one that was used last first', async () => {
      for (const [hash, userId] of [
        ['a', 'user-1'],
        ['b', 'user-1'],
        ['c', 'user-1'],
        ['d', 'user-2'],
        ['e', null],
      ] as const) {
        await stores.sessions.save({ ...session, hash, userId });
      }
      await stores.sessions.touch('b', NOON + 2 * HOUR);
      await stores.sessions.touch('c', NOON);
      expect(await stores.sessions.listOf('user-1', NOON)).toEqual([
        { ...session, hash: 'b', userId: 'user-1', expiresAt: NOON + 2 * HOUR },
        { ...session, hash: 'a', userId: 'user-1' },
      ]);
    });

    it('deletes the other sessions of a user, with the decisions that are pending in them', async () => {
      for (const [hash, userId] of [
        ['this', 'user-1'],
        ['other', 'user-1'],
        ['foreign', 'user-2'],
      ] as const) {
        await stores.sessions.save({ ...session, hash, userId });
        await stores.pendingDecisions.arm({ ...decision, sessionHash: hash, userId });
      }
      await stores.sessions.deleteOthers('user-1', 'this');
      const remains = async (sessionHash: string, userId: string) => [
        (await stores.sessions.find(sessionHash, NOON)) !== undefined,
        (await stores.pendingDecisions.take({ ...key, sessionHash, userId }, NOON)) !== undefined,
      ];
      expect(await remains('this', 'user-1')).toEqual([true, true]);
      expect(await remains('other', 'user-1')).toEqual([false, false]);
      expect(await remains('foreign', 'user-2')).toEqual([true, true]);
    });

    it('remembers the latest grant for a user, client, address and response type', async () => {
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
      expect(await stores.rememberedGrants.find({ ...place, clientId: 'other' })).toBeDefined();
    });

    it('knows from where a user logged in', async () => {
      await stores.loginAddresses.remember('user-1', '192.0.2.1', NOON);
      await stores.loginAddresses.remember('user-1', '192.0.2.1', NOON + 1);
      expect(await stores.loginAddresses.isKnown('user-1', '192.0.2.1')).toBe(true);
      expect(await stores.loginAddresses.isKnown('user-1', '192.0.2.2')).toBe(false);
      expect(await stores.loginAddresses.isKnown('user-2', '192.0.2.1')).toBe(false);
      await stores.loginAddresses.deleteBefore(NOON + 1);
      expect(await stores.loginAddresses.isKnown('user-1', '192.0.2.1')).toBe(true);
      await stores.loginAddresses.deleteBefore(NOON + 2);
      expect(await stores.loginAddresses.isKnown('user-1', '192.0.2.1')).toBe(false);
    });
  });
};
