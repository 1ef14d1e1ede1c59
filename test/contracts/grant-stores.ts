import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedemptionDecision } from '../../src/oauth/model/grant-stores.ts';
import type { Proof, RotationDecision } from '../../src/oauth/model/token-stores.ts';
import type { OAuthStoresUnderTest } from './account-stores.ts';
import { aClient, aCode, aFamily, answerOf, aUser, HOUR, NOON, outcomeOf, tokensOf } from './records.ts';

/** What every driver of `TokenStore` and `CodeStore` does. */
export const describeGrantStores = (driver: string, open: () => Promise<OAuthStoresUnderTest>): void => {
  describe(`${driver}: codes and tokens`, () => {
    let stores: OAuthStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      for (const id of ['user-1', 'user-2']) await stores.users.insert(aUser(id));
      for (const id of ['app', 'other']) await stores.clients.insert(aClient(id));
    });
    afterEach(() => stores.close());

    const start = (id: string, owner: { userId?: string; clientId?: string } = {}): Promise<unknown> =>
      stores.tokens.start(aFamily(id, owner), tokensOf(id, id));
    const isAlive = async (id: string): Promise<boolean> =>
      (await stores.tokens.findAccess(`${id}-access`)) !== undefined;
    const issue = (familyId: string, name: string, at = NOON): RotationDecision => ({
      action: 'issue',
      at,
      tokens: tokensOf(familyId, name),
      answer: answerOf(name, at),
    });

    it('starts no family whose proof was taken back meanwhile', async () => {
      const client = { id: 'app', secretHash: aClient('app').secretHash };
      const user = { id: 'user-1', passwordHash: aUser('user-1').passwordHash };
      const attempt = (name: string, proof: Proof) => stores.tokens.start(aFamily(name), tokensOf(name, name), proof);
      expect(await attempt('good', { client, user })).toBe('started');
      expect(await attempt('client alone', { client, user: null })).toBe('started');
      expect(await attempt('other secret', { client: { ...client, secretHash: 'old' }, user })).toBe('refused');
      expect(await attempt('other password', { client, user: { ...user, passwordHash: 'old' } })).toBe('refused');
      expect(await attempt('no client', { client: { ...client, id: 'gone' }, user })).toBe('refused');
      expect(await attempt('no user', { client, user: { ...user, id: 'gone' } })).toBe('refused');
      await stores.clients.rotateSecret('app', 'new', { hash: client.secretHash!, endsAt: NOON + 1 });
      expect(await attempt('former secret', { client, user })).toBe('started');
      await stores.clients.rotateSecret('app', 'newest', { hash: client.secretHash!, endsAt: NOON });
      expect(await attempt('secret of before', { client, user })).toBe('refused');
      await stores.clients.save(aClient('app'));
      const behind = [stores.users.setStatus('user-1', 'disabled'), attempt('behind', { client, user })] as const;
      expect((await Promise.all(behind))[1]).toBe('refused');
      for (const name of ['other secret', 'other password', 'behind']) expect(await isAlive(name)).toBe(false);
      expect(await isAlive('client alone')).toBe(false);
    });

    it('finds an access token with its user and client as they are now, also after it expired', async () => {
      await start('f');
      const user = { id: 'user-1', username: 'name of user-1', role: 'user', status: 'active', sandbox: false };
      const client = { id: 'app', status: 'active', sandbox: false, tokenInQuery: 'allowed' };
      expect(await stores.tokens.findAccess('f-access')).toEqual({ ...tokensOf('f', 'f').access, user, client });
      await stores.clients.save(aClient('app', { status: 'disabled', tokenInQuery: 'refused', sandbox: true }));
      expect((await stores.tokens.findAccess('f-access'))?.client).toEqual({
        id: 'app',
        status: 'disabled',
        sandbox: true,
        tokenInQuery: 'refused',
      });
      expect(await stores.tokens.findAccess('f-refresh')).toBeUndefined();
      expect(await stores.tokens.findFamily('f-access')).toEqual(aFamily('f'));
      expect(await stores.tokens.findFamily('f-refresh')).toEqual(aFamily('f'));
      expect(await stores.tokens.findFamily('unknown')).toBeUndefined();
    });

    it('finds what stands for a client alone without a user, and ends it with its client', async () => {
      const family = aFamily('f', { userId: null });
      await stores.tokens.start(family, { access: tokensOf('f', 'f').access, refresh: null });
      expect(await stores.tokens.findAccess('f-access')).toMatchObject({ user: null, client: { id: 'app' } });
      expect(await stores.tokens.findFamily('f-access')).toEqual(family);
      await stores.users.setStatus('user-1', 'disabled');
      expect(await isAlive('f')).toBe(true);
      await stores.clients.rotateSecret('app', 'new hash');
      expect(await isAlive('f')).toBe(false);
    });

    it('keeps the keys that tokens are bound to', async () => {
      const { access, refresh } = tokensOf('f', 'f');
      const bound = { access: { ...access, dpopKey: 'a key' }, refresh: { ...refresh!, dpopKey: 'another' } };
      await stores.tokens.start(aFamily('f'), bound);
      expect((await stores.tokens.findAccess('f-access'))?.dpopKey).toBe('a key');
      expect((await stores.tokens.findRefresh('f-refresh'))?.dpopKey).toBe('another');
    });

    it('finds a refresh token whatever its state, until its family is revoked', async () => {
      await start('f');
      const found = { ...tokensOf('f', 'f').refresh, family: aFamily('f'), rotatedAt: null, answer: null };
      expect(await stores.tokens.findRefresh('f-refresh')).toMatchObject(found);
      await stores.tokens.rotate('f-refresh', () => issue('f', 'second', NOON + 5));
      expect(await stores.tokens.findRefresh('f-refresh')).toMatchObject({
        rotatedAt: NOON + 5,
        answer: 'sealed second',
      });
      expect(await stores.tokens.findRefresh('f-access')).toBeUndefined();
      await stores.tokens.revokeFamily('f');
      expect(await stores.tokens.findRefresh('f-refresh')).toBeUndefined();
    });

    it('revokes one access token and leaves the others of its family', async () => {
      await start('f');
      await stores.tokens.rotate('f-refresh', () => issue('f', 'second'));
      await stores.tokens.revokeAccess('f-access');
      await stores.tokens.revokeAccess('unknown');
      expect([await isAlive('f'), await isAlive('second')]).toEqual([false, true]);
      expect(await stores.tokens.findFamily('f-refresh')).toEqual(aFamily('f'));
    });

    it('writes a family with all of its tokens or not at all', async () => {
      await start('f');
      expect(await outcomeOf(stores.tokens.start(aFamily('g'), tokensOf('g', 'f')))).toBe('rejected');
      expect(await stores.tokens.revokeMatching({})).toBe(1);
    });

    it('shows a rotation the refresh token, when it was rotated and, for a while, what it gave', async () => {
      await start('f');
      const seen: unknown[] = [];
      const rotate = (decision: RotationDecision) =>
        stores.tokens.rotate('f-refresh', (token) => {
          seen.push({ rotatedAt: token.rotatedAt, answer: token.answer });
          expect(token.family).toEqual(aFamily('f'));
          expect(token.user.username).toBe('name of user-1');
          expect({ hash: token.hash, familyId: token.familyId, expiresAt: token.expiresAt }).toEqual({
            hash: 'f-refresh',
            familyId: 'f',
            expiresAt: NOON + 2 * HOUR,
          });
          return decision;
        });
      expect(await rotate({ action: 'refuse' })).toEqual({ action: 'refuse' });
      expect(await rotate(issue('f', 'second', NOON + 5))).toEqual(issue('f', 'second', NOON + 5));
      await rotate({ action: 'repeat' });
      await stores.tokens.deleteExpired(NOON + 10_004);
      await rotate({ action: 'refuse' });
      await stores.tokens.deleteExpired(NOON + 10_005);
      await rotate({ action: 'refuse' });
      const rotated = { rotatedAt: NOON + 5, answer: 'sealed second' };
      const current = { rotatedAt: null, answer: null };
      expect(seen).toEqual([current, current, rotated, rotated, { rotatedAt: NOON + 5, answer: null }]);
      expect(await isAlive('second')).toBe(true);
      expect(await stores.tokens.rotate('unknown', () => ({ action: 'refuse' }))).toBeUndefined();
    });

    it('revokes a family with every token that it gave', async () => {
      await start('f');
      await start('g');
      await stores.tokens.rotate('f-refresh', () => issue('f', 'second'));
      await stores.tokens.rotate('f-refresh', () => ({ action: 'revoke' }));
      expect([await isAlive('f'), await isAlive('second'), await isAlive('g')]).toEqual([false, false, true]);
      expect(await stores.tokens.findFamily('second-refresh')).toBeUndefined();
      await stores.tokens.revokeFamily('g');
      await stores.tokens.revokeFamily('unknown');
      expect(await isAlive('g')).toBe(false);
    });

    it('lets one of 50 simultaneous rotations see a token that was not rotated', async () => {
      await start('f');
      const decide = (index: number) => (token: { rotatedAt: number | null }) =>
        token.rotatedAt === null ? issue('f', `next-${index}`) : ({ action: 'refuse' } as const);
      const decisions = await Promise.all(
        Array.from({ length: 50 }, (_, index) => stores.tokens.rotate('f-refresh', decide(index))),
      );
      expect(decisions.filter((decision) => decision?.action === 'issue')).toHaveLength(1);
      expect(decisions.filter((decision) => decision?.action === 'refuse')).toHaveLength(49);
    });

    it('changes nothing when a decision throws', async () => {
      await start('f');
      const failing = stores.tokens.rotate('f-refresh', () => {
        throw new Error('no decision');
      });
      await expect(failing).rejects.toThrow('no decision');
      expect(await isAlive('f')).toBe(true);
    });

    it('revokes families and codes by user, by client, or by both', async () => {
      for (const userId of ['user-1', 'user-2']) {
        for (const clientId of ['app', 'other']) {
          await start(`${userId} ${clientId}`, { userId, clientId });
          await stores.codes.insert(aCode(`code ${userId} ${clientId}`, { userId, clientId }));
        }
      }
      const codeIsLeft = async (name: string): Promise<boolean> =>
        (await stores.codes.redeem(`code ${name}`, () => ({ action: 'refuse' }))) !== undefined;
      expect(await stores.tokens.revokeMatching({ userId: 'user-1', clientId: 'app' })).toBe(1);
      expect([await isAlive('user-1 app'), await codeIsLeft('user-1 app')]).toEqual([false, false]);
      expect([await isAlive('user-1 other'), await codeIsLeft('user-1 other')]).toEqual([true, true]);
      expect(await stores.tokens.revokeMatching({ clientId: 'other' })).toBe(2);
      expect([await isAlive('user-2 app'), await codeIsLeft('user-2 app')]).toEqual([true, true]);
      expect(await stores.tokens.revokeMatching({ userId: 'user-2' })).toBe(1);
      expect(await codeIsLeft('user-2 app')).toBe(false);
    });

    it('deletes expired tokens, families that are over and families that have no token left', async () => {
      await start('f');
      await stores.tokens.start(aFamily('short', { expiresAt: NOON + 1 }), tokensOf('short', 'short'));
      await stores.tokens.start(aFamily('single'), { access: tokensOf('single', 'single').access, refresh: null });
      await stores.tokens.deleteExpired(NOON + 1);
      expect([await isAlive('f'), await isAlive('short'), await isAlive('single')]).toEqual([true, false, true]);
      await stores.tokens.deleteExpired(NOON + HOUR);
      expect([await isAlive('f'), await isAlive('single')]).toEqual([false, false]);
      expect(await stores.tokens.findFamily('f-refresh')).toEqual(aFamily('f'));
      expect(await stores.tokens.revokeMatching({})).toBe(1);
    });

    it('deletes more expired tokens than one step takes', async () => {
      const names = Array.from({ length: 1200 }, (_, index) => `f${index}`);
      await Promise.all(names.map((name) => start(name)));
      await stores.tokens.deleteExpired(NOON + 2 * HOUR);
      expect(await stores.tokens.revokeMatching({})).toBe(0);
    });

    const redeem = (hash: string): RedemptionDecision => ({
      action: 'issue',
      at: NOON + 7,
      family: aFamily(`family of ${hash}`),
      tokens: tokensOf(`family of ${hash}`, hash),
    });

    it('redeems a code for one of 50 at once; the others see it redeemed', async () => {
      await stores.codes.insert(aCode('c'));
      const seen: (number | null)[] = [];
      const attempts = Array.from({ length: 50 }, () =>
        stores.codes.redeem('c', (code) => {
          seen.push(code.redeemedAt);
          return code.redeemedAt === null ? redeem('c') : ({ action: 'refuse' } as const);
        }),
      );
      const decisions = await Promise.all(attempts);
      expect(decisions.filter((decision) => decision?.action === 'issue')).toHaveLength(1);
      expect(seen.filter((redeemedAt) => redeemedAt === NOON + 7)).toHaveLength(49);
      expect((await stores.tokens.findAccess('c-access'))?.familyId).toBe('family of c');
    });

    it('tells which client a code waits for, until it is redeemed', async () => {
      await stores.codes.insert(aCode('c'));
      expect([await stores.codes.findClient('c'), await stores.codes.findClient('unknown')]).toEqual([
        'app',
        undefined,
      ]);
      await stores.codes.redeem('c', () => redeem('c'));
      expect(await stores.codes.findClient('c')).toBeUndefined();
    });

    it('shows a redemption the code as it was inserted, and its user', async () => {
      const code = aCode('c', { codeChallenge: null, redirectUriFrom: 'registration', dpopKey: 'a key' });
      await stores.codes.insert(code);
      const { id, username, role, status, sandbox } = aUser('user-1');
      await stores.codes.redeem('c', (view) => {
        expect(view).toEqual({ ...code, user: { id, username, role, status, sandbox }, redeemedAt: null });
        return { action: 'refuse' };
      });
      expect(await stores.codes.redeem('unknown', () => redeem('unknown'))).toBeUndefined();
      expect.assertions(2);
    });

    it('revokes on a replay what the code gave', async () => {
      await stores.codes.insert(aCode('c'));
      await stores.codes.redeem('c', () => redeem('c'));
      expect(await isAlive('c')).toBe(true);
      await stores.codes.redeem('c', () => ({ action: 'revoke' }));
      expect(await isAlive('c')).toBe(false);
    });

    it('gives no token when the family cannot be written, and leaves the code as it was', async () => {
      await stores.codes.insert(aCode('c'));
      await start('family of c');
      expect(await outcomeOf(stores.codes.redeem('c', () => redeem('c')))).toBe('rejected');
      await stores.codes.redeem('c', (code) => {
        expect(code.redeemedAt).toBeNull();
        return { action: 'refuse' };
      });
      expect.assertions(2);
    });

    it('forgets an expired code, a redeemed one only after its family', async () => {
      const isLeft = async (hash: string): Promise<boolean> =>
        (await stores.codes.redeem(hash, () => ({ action: 'refuse' }))) !== undefined;
      await stores.codes.insert(aCode('unused'));
      await stores.codes.insert(aCode('used'));
      await stores.codes.redeem('used', () => redeem('used'));
      await stores.codes.deleteExpired(NOON + 60_000);
      expect([await isLeft('unused'), await isLeft('used')]).toEqual([true, true]);
      await stores.codes.deleteExpired(NOON + 60_001);
      expect([await isLeft('unused'), await isLeft('used')]).toEqual([false, true]);
      await stores.tokens.revokeFamily('family of used');
      await stores.codes.deleteExpired(NOON + 60_001);
      expect(await isLeft('used')).toBe(false);
    });
  });
};
