import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RegistrationToken } from '../../src/oauth/model/account-stores.ts';
import type { AuditEvent } from '../../src/oauth/model/audit-log.ts';
import type { SigningKey } from '../../src/oauth/model/token-stores.ts';
import type { OAuthStoresUnderTest } from './account-stores.ts';
import { aUser, count, HOUR, NOON } from './records.ts';

/** What every driver of the ports for signing keys, registration tokens, proofs and the audit log does. */
export const describeKeyStores = (driver: string, open: () => Promise<OAuthStoresUnderTest>): void => {
  describe(`${driver}: keys, registration tokens, proofs and audit events`, () => {
    let stores: OAuthStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      await stores.users.insert(aUser('user-1'));
      await stores.users.insert(aUser('admin', { role: 'admin' }));
    });
    afterEach(() => stores.close());

    const key = (id: string, createdAt: number): SigningKey => ({ id, privateJwk: `{"kid":"${id}"}`, createdAt });
    const token = (hash: string, changes: Partial<RegistrationToken> = {}): RegistrationToken => ({
      hash,
      name: `<i>${hash}</i>`,
      createdBy: 'admin',
      createdAt: NOON,
      expiresAt: NOON + HOUR,
      ...changes,
    });
    const event = (changes: Partial<AuditEvent> = {}): AuditEvent => ({
      event: 'login.succeeded',
      at: NOON,
      userId: null,
      clientId: null,
      address: null,
      detail: null,
      ...changes,
    });

    it('lists signing keys as they were inserted, the newest first', async () => {
      expect(await stores.signingKeys.list()).toEqual([]);
      const keys = [key('b', NOON), key('c', NOON - 1), key('a', NOON - 2)];
      for (const each of keys.toReversed()) await stores.signingKeys.insert(each);
      expect(await stores.signingKeys.list()).toEqual(keys);
      await expect(stores.signingKeys.insert(key('a', NOON))).rejects.toBeDefined();
    });

    it('deletes old signing keys, and never the newest', async () => {
      for (const [id, at] of [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ] as const)
        await stores.signingKeys.insert(key(id, at));
      await stores.signingKeys.deleteBefore(2);
      expect((await stores.signingKeys.list()).map(({ id }) => id)).toEqual(['c', 'b']);
      await stores.signingKeys.deleteBefore(NOON);
      expect((await stores.signingKeys.list()).map(({ id }) => id)).toEqual(['c']);
    });

    it('finds and lists registration tokens until they expire or are deleted', async () => {
      const older = token('older');
      const newer = token('newer', { createdAt: NOON + 1, expiresAt: NOON + 2 * HOUR });
      for (const each of [older, newer]) await stores.registrationTokens.insert(each);
      expect(await stores.registrationTokens.find('older', NOON + HOUR - 1)).toEqual(older);
      expect(await stores.registrationTokens.find('older', NOON + HOUR)).toBeUndefined();
      expect(await stores.registrationTokens.find('unknown', NOON)).toBeUndefined();
      expect(await stores.registrationTokens.list(NOON)).toEqual([newer, older]);
      expect(await stores.registrationTokens.list(NOON + HOUR)).toEqual([newer]);
      await stores.registrationTokens.deleteExpired(NOON + HOUR);
      expect(await stores.registrationTokens.list(NOON)).toEqual([newer]);
      await stores.registrationTokens.delete('newer');
      await stores.registrationTokens.delete('unknown');
      expect(await stores.registrationTokens.find('newer', NOON)).toBeUndefined();
    });

    it('finds no registration token of a disabled account, or of one that is no administrator', async () => {
      await stores.registrationTokens.insert(token('t'));
      await stores.registrationTokens.insert(token('of a user', { createdBy: 'user-1' }));
      expect(await stores.registrationTokens.find('of a user', NOON)).toBeUndefined();
      await stores.users.setStatus('admin', 'disabled');
      expect(await stores.registrationTokens.find('t', NOON)).toBeUndefined();
    });

    it('finds a proof fresh for one of 50 at once', async () => {
      const results = await Promise.all(Array.from({ length: 50 }, () => stores.proofs.take('p', NOON + 1)));
      expect([count(results, 'fresh'), count(results, 'seen')]).toEqual([1, 49]);
      expect(await stores.proofs.take('other', NOON + 2)).toBe('fresh');
      await stores.proofs.deleteExpired(NOON + 1);
      expect([await stores.proofs.take('other', NOON + 2), await stores.proofs.take('p', NOON + 2)]).toEqual([
        'seen',
        'fresh',
      ]);
    });

    it('gives audit events back with the name of their user, the newest first, in pages and by user', async () => {
      const login = event({ userId: 'user-1', clientId: 'app', address: '192.0.2.1', detail: 'password' });
      await stores.audit.append(login);
      await stores.audit.append(event({ event: 'login.failed', at: NOON + 1, userId: 'unknown' }));
      await stores.audit.append(event({ event: 'logout', at: NOON + 2, userId: 'user-1' }));
      await stores.audit.append(event({ event: 'signing_key.created', at: NOON + 3 }));
      const all = await stores.audit.list({ limit: 10 });
      expect(all.map(({ event: name, username }) => [name, username])).toEqual([
        ['signing_key.created', null],
        ['logout', 'name of user-1'],
        ['login.failed', null],
        ['login.succeeded', 'name of user-1'],
      ]);
      const own = { username: 'name of user-1', count: 1, lastAt: login.at };
      expect(all.at(-1)).toEqual({ ...login, id: all.at(-1)?.id, ...own });
      const ids = all.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted((a, b) => b - a));
      expect(await stores.audit.list({ limit: 2, before: ids[1]! })).toEqual(all.slice(2));
      expect(await stores.audit.list({ limit: 1, userId: 'user-1' })).toEqual([all[1]]);
      expect(await stores.audit.list({ limit: 9, userId: 'user-1', before: ids[1]! })).toEqual([all[3]]);
    });

    it('counts events that differ in time and address alone in one row a day', async () => {
      const DAY = 24 * HOUR;
      const issued = event({ event: 'token.issued', userId: 'user-1', clientId: 'app', detail: 'password' });
      const unknown = event({ event: 'login.failed', detail: 'unknown user' });
      const times = Array.from({ length: 50 }, (_, index) => NOON + index);
      await Promise.all(times.map((at) => stores.audit.count({ ...issued, at, address: `192.0.2.${at - NOON}` })));
      for (const at of [NOON, NOON + DAY, NOON + DAY + 1]) await stores.audit.count({ ...unknown, at });
      for (const changes of [{ userId: null }, { clientId: 'other' }, { detail: 'basic' }]) {
        await stores.audit.count({ ...issued, ...changes });
      }
      await stores.audit.append(issued);
      const all = (await stores.audit.list({ limit: 99 })).toReversed();
      expect(all.map(({ event: name, count: times }) => [name, times])).toEqual([
        ...[
          ['token.issued', 50],
          ['login.failed', 1],
          ['login.failed', 2],
        ],
        ...[
          ['token.issued', 1],
          ['token.issued', 1],
          ['token.issued', 1],
          ['token.issued', 1],
        ],
      ]);
      expect(all[0]).toMatchObject({ at: NOON, lastAt: NOON + 49, address: '192.0.2.49', username: 'name of user-1' });
      expect(all[2]).toMatchObject({ at: NOON + DAY, lastAt: NOON + DAY + 1, userId: null });
    });

    it('forgets audit events before a time, however many', async () => {
      const old = Array.from({ length: 1200 }, (_, index) => stores.audit.append(event({ at: NOON - 1 - index })));
      await Promise.all([...old, stores.audit.append(event({ at: NOON, detail: 'kept' }))]);
      await stores.audit.deleteBefore(NOON);
      expect(await stores.audit.list({ limit: 10 })).toMatchObject([{ at: NOON, detail: 'kept' }]);
    });
  });
};
