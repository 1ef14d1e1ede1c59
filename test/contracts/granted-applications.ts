import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BUILT_IN_CLIENT_ID } from '../../src/oauth/model/account-stores.ts';
import type { RememberedGrant } from '../../src/oauth/model/grant-stores.ts';
import type { TokenFamily } from '../../src/oauth/model/token-stores.ts';
import type { OAuthStoresUnderTest } from './account-stores.ts';
import { aClient, aCode, aDeviceGrant, aFamily, answerOf, aUser, HOUR, NOON, tokensOf } from './records.ts';

/** What every driver of `TokenStore` does with what a user allowed applications, and when it was used. */
export const describeGrantedApplications = (driver: string, open: () => Promise<OAuthStoresUnderTest>): void => {
  describe(`${driver}: what a user allowed`, () => {
    let stores: OAuthStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      for (const id of ['user-1', 'user-2']) await stores.users.insert(aUser(id));
      for (const id of ['app', 'other', BUILT_IN_CLIENT_ID]) await stores.clients.insert(aClient(id));
    });
    afterEach(() => stores.close());

    const start = (id: string, changes: Partial<TokenFamily> = {}): Promise<unknown> =>
      stores.tokens.start(aFamily(id, changes), tokensOf(id, id));
    const remember = (changes: Partial<RememberedGrant> = {}): Promise<void> =>
      stores.rememberedGrants.save({
        userId: 'user-1',
        clientId: 'app',
        redirectUri: 'http://localhost:8888/test',
        responseType: 'code',
        scopes: ['read'],
        grantedAt: NOON + 1,
        ...changes,
      });
    const applications = (now = NOON) => stores.tokens.listApplications('user-1', now);
    const lastUsedAt = async () => (await applications()).map((application) => application.lastUsedAt);
    const app = { clientId: 'app', clientName: '<b>app</b>', scopes: ['call', 'read'], grantedAt: NOON };

    it('lists each application once, by name, with all scopes and the first and the last time', async () => {
      await start('first', { scopes: ['read'], createdAt: NOON - 5 });
      await start('second', { scopes: ['call', 'read'] });
      await start('others', { clientId: 'other', scopes: [] });
      await start('of another user', { userId: 'user-2', clientId: 'other', scopes: ['all'] });
      await stores.tokens.recordUse(new Map([['first', NOON + 9]]));
      expect(await applications()).toEqual([
        { ...app, scopes: ['read', 'call'], grantedAt: NOON - 5, lastUsedAt: NOON + 9 },
        { clientId: 'other', clientName: '<b>other</b>', scopes: [], grantedAt: NOON, lastUsedAt: NOON },
      ]);
    });

    it('lists neither the built-in client, nor the own key pair, nor what stands for a client alone', async () => {
      await stores.clients.insert(aClient('mine', { kind: 'key-pair', ownerId: 'user-1' }));
      await stores.clients.insert(aClient('my app', { ownerId: 'user-1' }));
      for (const clientId of [BUILT_IN_CLIENT_ID, 'mine', 'my app']) await start(clientId, { clientId });
      await start('alone', { userId: null, clientId: 'other' });
      expect((await applications()).map(({ clientId }) => clientId)).toEqual(['my app']);
    });

    it('lists no family that is over, or whose tokens all are', async () => {
      await start('short', { expiresAt: NOON + 5 });
      expect([await applications(NOON + 4), await applications(NOON + 5)]).toMatchObject([[{ clientId: 'app' }], []]);
      await start('long');
      expect(await applications(NOON + 2 * HOUR - 1)).toHaveLength(1);
      expect(await applications(NOON + 2 * HOUR)).toEqual([]);
    });

    it('lists what is remembered where no tokens are left', async () => {
      await remember();
      await remember({ responseType: 'token', scopes: ['call'], grantedAt: NOON + 3 });
      await remember({ userId: 'user-2', clientId: 'other' });
      const remembered = { ...app, scopes: ['read', 'call'], grantedAt: NOON + 1, lastUsedAt: NOON + 3 };
      expect(await applications()).toEqual([remembered]);
      await start('f', { scopes: ['call'] });
      expect(await applications()).toEqual([{ ...app, scopes: ['call'], lastUsedAt: NOON }]);
    });

    it('takes back all that a user allowed a client, and nothing else', async () => {
      for (const [userId, clientId] of [
        ['user-1', 'app'],
        ['user-1', 'other'],
        ['user-2', 'app'],
      ] as const) {
        const name = `${userId} ${clientId}`;
        await start(name, { userId, clientId });
        await stores.codes.insert(aCode(name, { userId, clientId }));
        await stores.devices.insert(aDeviceGrant(name, { clientId }));
        await stores.devices.answer(`${name}-user`, { userId, verdict: 'approved', now: NOON });
        await remember({ userId, clientId });
      }
      await start('second');
      expect(await stores.tokens.revokeApplication('user-1', 'app')).toBe(2);
      expect(await stores.tokens.revokeApplication('user-1', 'app')).toBe(0);
      const remains = async (userId: string, clientId: string) => {
        const name = `${userId} ${clientId}`;
        const key = { userId, clientId, redirectUri: 'http://localhost:8888/test', responseType: 'code' } as const;
        return [
          await stores.tokens.findAccess(`${name}-access`),
          await stores.codes.redeem(name, () => ({ action: 'refuse' })),
          await stores.devices.poll(`${name}-device`, () => ({ action: 'refuse' })),
          await stores.rememberedGrants.find(key),
        ].map((found) => found !== undefined);
      };
      expect(await remains('user-1', 'app')).toEqual([false, false, false, false]);
      expect(await remains('user-1', 'other')).toEqual([true, true, true, true]);
      expect(await remains('user-2', 'app')).toEqual([true, true, true, true]);
    });

    it('notes the last use of many families at once, and moves no time back', async () => {
      await start('f');
      await start('g', { clientId: 'other' });
      await stores.tokens.recordUse(
        new Map([
          ['f', NOON + 7],
          ['unknown', NOON],
          ['g', NOON + 8],
        ]),
      );
      expect(await lastUsedAt()).toEqual([NOON + 7, NOON + 8]);
      await stores.tokens.recordUse(
        new Map([
          ['f', NOON + 6],
          ['g', NOON + 9],
        ]),
      );
      await stores.tokens.recordUse(new Map());
      expect(await lastUsedAt()).toEqual([NOON + 7, NOON + 9]);
    });

    it('counts a refresh and a redemption as use', async () => {
      await start('f');
      const rotation = {
        action: 'issue',
        at: NOON + 4,
        tokens: tokensOf('f', 'next'),
        answer: answerOf('next'),
      } as const;
      await stores.tokens.rotate('f-refresh', () => rotation);
      expect(await lastUsedAt()).toEqual([NOON + 4]);
      await stores.codes.insert(aCode('c'));
      const family = aFamily('family of c');
      const tokens = tokensOf('family of c', 'c');
      await stores.codes.redeem('c', () => ({ action: 'issue', at: NOON + 5, family, tokens }));
      expect(await lastUsedAt()).toEqual([NOON + 5]);
    });
  });
};
