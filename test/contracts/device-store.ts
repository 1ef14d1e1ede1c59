import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeviceGrantView, PollDecision } from '../../src/oauth/model/grant-stores.ts';
import type { OAuthStoresUnderTest } from './account-stores.ts';
import { aClient, aDeviceGrant, aFamily, aUser, count, HOUR, NOON, tokensOf } from './records.ts';

/** What every driver of `DeviceGrantStore` does. */
export const describeDeviceGrantStore = (driver: string, open: () => Promise<OAuthStoresUnderTest>): void => {
  describe(`${driver}: device grants`, () => {
    let stores: OAuthStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      for (const id of ['user-1', 'user-2']) await stores.users.insert(aUser(id));
      await stores.clients.insert(aClient('app'));
    });
    afterEach(() => stores.close());

    const END = NOON + 600_000;
    const user = { id: 'user-1', username: 'name of user-1', role: 'user', status: 'active', sandbox: false };
    const waiting = { answer: { state: 'pending' }, intervalSeconds: 5, lastPolledAt: null };
    const approval = { userId: 'user-1', verdict: 'approved', now: NOON } as const;
    const refusal = { userId: 'user-1', verdict: 'refused', now: NOON } as const;

    const approve = async (name: string): Promise<void> => {
      await stores.devices.insert(aDeviceGrant(name));
      expect(await stores.devices.answer(`${name}-user`, approval)).toBe('answered');
    };
    const issue = (name: string): PollDecision => ({
      action: 'issue',
      at: NOON + 7,
      family: aFamily(`family of ${name}`),
      tokens: tokensOf(`family of ${name}`, name),
    });
    const look = async (name: string): Promise<DeviceGrantView | undefined> => {
      let seen: DeviceGrantView | undefined;
      await stores.devices.poll(`${name}-device`, (grant) => {
        seen = grant;
        return { action: 'refuse' };
      });
      return seen;
    };
    const isAlive = async (name: string): Promise<boolean> =>
      (await stores.tokens.findAccess(`${name}-access`)) !== undefined;

    it('shows what a device asked for, to the person until it expires and to the device after it too', async () => {
      expect(await stores.devices.insert(aDeviceGrant('tv'))).toBe('inserted');
      const grant = { ...aDeviceGrant('tv'), ...waiting };
      expect(await stores.devices.findPending('tv-user', END - 1)).toEqual(grant);
      expect(await stores.devices.findPending('tv-user', END)).toBeUndefined();
      expect(await stores.devices.findPending('tv-device', NOON)).toBeUndefined();
      expect(await look('tv')).toEqual(grant);
      expect(await look('unknown')).toBeUndefined();
    });

    it('gives a user code to one of 50 devices at once, and again when no device waits with it', async () => {
      const grants = Array.from({ length: 50 }, (_, index) => aDeviceGrant(`tv-${index}`, { userCodeHash: 'same' }));
      const results = await Promise.all(grants.map((grant) => stores.devices.insert(grant)));
      expect([count(results, 'inserted'), count(results, 'taken')]).toEqual([1, 49]);
      expect((await stores.devices.findPending('same', NOON))?.deviceCodeHash).toBe('tv-0-device');
      await stores.devices.answer('same', approval);
      const later = aDeviceGrant('later', { userCodeHash: 'same', expiresAt: NOON + 10 });
      expect(await stores.devices.insert(later)).toBe('inserted');
      const last = aDeviceGrant('last', { userCodeHash: 'same' });
      expect(await stores.devices.insert({ ...last, createdAt: NOON + 9 })).toBe('taken');
      expect(await stores.devices.insert({ ...last, createdAt: NOON + 10 })).toBe('inserted');
      expect((await stores.devices.findPending('same', NOON))?.deviceCodeHash).toBe('last-device');
    });

    it('takes one of 50 answers at once, and shows it to the device', async () => {
      await stores.devices.insert(aDeviceGrant('tv'));
      const answers = Array.from({ length: 50 }, (_, index) => (index === 0 ? approval : refusal));
      const results = await Promise.all(answers.map((answer) => stores.devices.answer('tv-user', answer)));
      expect([count(results, 'answered'), count(results, 'gone')]).toEqual([1, 49]);
      expect((await look('tv'))?.answer).toEqual({ state: 'approved', user });
      expect(await stores.devices.findPending('tv-user', NOON)).toBeUndefined();
    });

    it('takes no answer to what has expired or is unknown; a refusal names no user', async () => {
      await stores.devices.insert(aDeviceGrant('tv'));
      expect(await stores.devices.answer('tv-user', { ...approval, now: END })).toBe('gone');
      expect(await stores.devices.answer('unknown', approval)).toBe('gone');
      expect((await look('tv'))?.answer).toEqual({ state: 'pending' });
      expect(await stores.devices.answer('tv-user', refusal)).toBe('answered');
      expect((await look('tv'))?.answer).toEqual({ state: 'refused' });
    });

    it('makes a device wait, longer each time', async () => {
      await stores.devices.insert(aDeviceGrant('tv'));
      const wait = { action: 'wait', at: NOON + 3, intervalSeconds: 10 } as const;
      expect(await stores.devices.poll('tv-device', () => wait)).toEqual(wait);
      expect(await look('tv')).toMatchObject({ lastPolledAt: NOON + 3, intervalSeconds: 10 });
      expect(await stores.devices.poll('unknown', () => wait)).toBeUndefined();
    });

    it('gives tokens to one of 50 polls at once; the others see it redeemed', async () => {
      await stores.devices.insert(aDeviceGrant('radio'));
      await approve('tv');
      const approved = (name: string) => stores.devices.findApproved(`${name}-device`);
      expect([await approved('tv'), await approved('radio'), await approved('none')]).toEqual([
        'app',
        undefined,
        undefined,
      ]);
      const polls = Array.from({ length: 50 }, () =>
        stores.devices.poll('tv-device', ({ answer }) =>
          answer.state === 'approved' ? issue('tv') : ({ action: 'refuse' } as const),
        ),
      );
      const actions = (await Promise.all(polls)).map((decision) => decision?.action);
      expect([count(actions, 'issue'), count(actions, 'refuse')]).toEqual([1, 49]);
      expect((await look('tv'))?.answer).toEqual({ state: 'redeemed', user });
      expect((await look('tv'))?.lastPolledAt).toBe(NOON + 7);
      expect((await stores.tokens.findAccess('tv-access'))?.familyId).toBe('family of tv');
      expect(await approved('tv')).toBeUndefined();
    });

    it('writes nothing when the tokens cannot be written, and revokes what it gave', async () => {
      await stores.tokens.start(aFamily('other'), tokensOf('other', 'tv'));
      await approve('tv');
      await expect(stores.devices.poll('tv-device', () => issue('tv'))).rejects.toBeDefined();
      expect((await look('tv'))?.answer.state).toBe('approved');
      await stores.tokens.revokeFamily('other');
      await stores.devices.poll('tv-device', () => issue('tv'));
      expect(await isAlive('tv')).toBe(true);
      await stores.devices.poll('tv-device', () => ({ action: 'revoke' }));
      expect([await isAlive('tv'), (await look('tv'))?.answer.state]).toEqual([false, 'redeemed']);
    });

    it('ends what was approved with the grants of its user, and leaves what is unanswered', async () => {
      await approve('tv');
      await stores.devices.insert(aDeviceGrant('radio'));
      expect(await stores.tokens.revokeMatching({ userId: 'user-2' })).toBe(0);
      expect(await look('tv')).toBeDefined();
      expect(await stores.tokens.revokeMatching({ userId: 'user-1' })).toBe(0);
      expect([await look('tv'), (await look('radio'))?.answer.state]).toEqual([undefined, 'pending']);
      await stores.tokens.revokeMatching({ clientId: 'app' });
      expect(await look('radio')).toBeUndefined();
    });

    it('forgets a grant when it expires, and a redeemed one with its family', async () => {
      for (const name of ['redeemed', 'approved']) await approve(name);
      await stores.devices.insert(aDeviceGrant('pending'));
      await stores.devices.poll('redeemed-device', () => issue('redeemed'));
      const left = async () => {
        const found = await Promise.all(['redeemed', 'approved', 'pending'].map(look));
        return found.map((grant) => grant?.answer.state);
      };
      await stores.devices.deleteExpired(END - 1);
      expect(await left()).toEqual(['redeemed', 'approved', 'pending']);
      await stores.devices.deleteExpired(END);
      expect(await left()).toEqual(['redeemed', undefined, undefined]);
      await stores.tokens.revokeFamily('family of redeemed');
      await stores.devices.deleteExpired(END + HOUR);
      expect(await left()).toEqual([undefined, undefined, undefined]);
    });
  });
};
