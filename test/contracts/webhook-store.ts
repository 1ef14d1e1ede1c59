import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewDelivery, Webhook } from '../../src/features/webhooks/model.ts';
import type { DeliveryOutcome } from '../../src/features/webhooks/webhook-store.ts';
import type { Stores } from '../../src/storage/stores.ts';
import { aClient, aFamily, aUser, HOUR, NOON, tokensOf } from './records.ts';

export type WebhookStoresUnderTest = Pick<Stores, 'webhooks' | 'clients' | 'users' | 'tokens'> & {
  close(): Promise<void>;
};

const aWebhook = (id: string, changes: Partial<Webhook> = {}): Webhook => ({
  id,
  clientId: 'app',
  url: `https://example.com/${id}`,
  events: ['call.ended'],
  description: '',
  status: 'enabled',
  toldFrom: 'cursor',
  createdAt: NOON,
  ...changes,
});

const aDelivery = (messageId: string, changes: Partial<NewDelivery> = {}): NewDelivery => ({
  webhookId: 'w1',
  messageId,
  event: 'call.ended',
  tokenCall: 't1',
  userId: 'user-1',
  body: `body of ${messageId}`,
  createdAt: NOON,
  ...changes,
});

const delivered: DeliveryOutcome = {
  ...{ attempted: 'yes', lastStatus: 200, lastError: null },
  ...{ state: 'delivered', endedAt: NOON },
};
const failed: DeliveryOutcome = {
  ...{ attempted: 'yes', lastStatus: 500, lastError: 'status 500' },
  ...{ state: 'pending', step: 1, nextAttemptAt: NOON + 5000 },
};

/** What every driver of `WebhookStore` does. */
export const describeWebhookStore = (driver: string, open: () => Promise<WebhookStoresUnderTest>): void => {
  describe(`${driver}: webhooks`, () => {
    let stores: WebhookStoresUnderTest;

    beforeEach(async () => {
      stores = await open();
      await stores.users.insert(aUser('user-1'));
      for (const id of ['app', 'other']) await stores.clients.insert(aClient(id, { scopes: ['application'] }));
      await stores.tokens.start(aFamily('family'), tokensOf('family', 'family'));
    });
    afterEach(() => stores.close());

    const insert = (id: string, changes: Partial<Webhook> = {}, secret = `secret of ${id}`): Promise<boolean> =>
      stores.webhooks.insert(aWebhook(id, changes), { secret, most: 2 });
    const append = (...deliveries: readonly NewDelivery[]): Promise<void> =>
      stores.webhooks.append(deliveries, { cursor: 'next', now: NOON });
    const due = async (by = NOON): Promise<readonly string[]> =>
      (await stores.webhooks.due('w1', { by, limit: 10 })).map(({ messageId }) => messageId);
    const idOf = async (messageId: string): Promise<number> => {
      const all = await stores.webhooks.listDeliveries({ webhookId: 'w1', limit: 100 });
      return all.find((each) => each.messageId === messageId)?.id ?? 0;
    };
    const settle = async (messageId: string, outcome: DeliveryOutcome): Promise<void> =>
      stores.webhooks.settle(await idOf(messageId), outcome, NOON);

    it('keeps webhooks as they are, so many of a client, the oldest first', async () => {
      expect(await insert('w1')).toBe(true);
      expect(await insert('w2', { createdAt: NOON + 1, status: 'disabled', description: 'two' })).toBe(true);
      expect(await insert('w3')).toBe(false);
      expect(await insert('w4', { clientId: 'other', createdAt: NOON + 2 })).toBe(true);
      expect(await stores.webhooks.find('w1')).toEqual(aWebhook('w1'));
      expect(await stores.webhooks.find('w3')).toBeUndefined();
      expect((await stores.webhooks.list('app')).map(({ id }) => id)).toEqual(['w1', 'w2']);
      expect((await stores.webhooks.list()).map(({ id }) => id)).toEqual(['w1', 'w2', 'w4']);
      expect((await stores.webhooks.listEnabled()).map(({ id }) => id).sort()).toEqual(['w1', 'w4']);
    });

    it('changes what is named and nothing else, and deletes with all deliveries', async () => {
      await insert('w1');
      await append(aDelivery('m1'));
      expect(await stores.webhooks.change('w1', { status: 'gone', events: ['call.created'] })).toBe(true);
      expect(await stores.webhooks.find('w1')).toEqual(aWebhook('w1', { status: 'gone', events: ['call.created'] }));
      expect(await stores.webhooks.change('none', { status: 'gone' })).toBe(false);
      expect(await stores.webhooks.delete('w1')).toBe(true);
      expect(await stores.webhooks.delete('w1')).toBe(false);
      expect(await stores.webhooks.listDeliveries({ webhookId: 'w1', limit: 9 })).toEqual([]);
    });

    it('gives the secrets back, the former one until its time is over', async () => {
      await insert('w1');
      expect(await stores.webhooks.secrets('w1', NOON)).toEqual(['secret of w1']);
      await stores.webhooks.rotateSecret('w1', { secret: 'second', formerEndsAt: NOON + HOUR });
      expect(await stores.webhooks.secrets('w1', NOON + HOUR - 1)).toEqual(['second', 'secret of w1']);
      expect(await stores.webhooks.secrets('w1', NOON + HOUR)).toEqual(['second']);
      await stores.webhooks.rotateSecret('w1', { secret: 'third', formerEndsAt: NOON + HOUR });
      expect(await stores.webhooks.secrets('w1', NOON)).toEqual(['third', 'second']);
      expect(await stores.webhooks.secrets('none', NOON)).toEqual([]);
    });

    it('appends deliveries with the cursor, each once, none to a webhook that is gone', async () => {
      await insert('w1');
      expect(await stores.webhooks.cursor()).toBeUndefined();
      await append(aDelivery('m1'), aDelivery('m1'), aDelivery('m2', { webhookId: 'none' }));
      await append(aDelivery('m1'));
      expect(await stores.webhooks.cursor()).toBe('next');
      const common = { webhookId: 'w1', event: 'call.ended', tokenCall: 't1', state: 'pending', attempts: 0 };
      expect(await stores.webhooks.listDeliveries({ webhookId: 'w1', limit: 9 })).toEqual([
        {
          ...{ ...common, id: expect.any(Number), messageId: 'm1', nextAttemptAt: NOON },
          ...{ lastStatus: null, lastError: null, createdAt: NOON },
        },
      ]);
    });

    it('has due the first of each call, and the next one once that is over', async () => {
      await insert('w1');
      await append(aDelivery('m1'), aDelivery('m2'), aDelivery('m3'), aDelivery('x1', { tokenCall: 't2' }));
      await append(aDelivery('test', { tokenCall: null, userId: null }), aDelivery('test 2', { tokenCall: null }));
      expect(await due()).toEqual(['m1', 'x1', 'test', 'test 2']);
      await settle('m1', failed);
      expect(await due()).toEqual(['x1', 'test', 'test 2']);
      expect(await due(NOON + 5000)).toEqual(['x1', 'test', 'test 2', 'm1']);
      await settle('m1', delivered);
      expect(await due()).toEqual(['m2', 'x1', 'test', 'test 2']);
      await settle('m2', { ...delivered, state: 'dead' });
      await settle('test', delivered);
      expect(await due()).toEqual(['m3', 'x1', 'test 2']);
    });

    it('notes nothing of a delivery that is over, or waits for another one', async () => {
      await insert('w1');
      await append(aDelivery('m1'), aDelivery('m2'));
      await settle('m2', delivered);
      await settle('m1', delivered);
      await settle('m1', failed);
      expect(await due()).toEqual(['m2']);
      expect(await stores.webhooks.findDelivery('w1', await idOf('m1'))).toMatchObject({
        ...{ state: 'delivered', attempts: 1, lastStatus: 200, nextAttemptAt: null },
      });
    });

    it('tells where something is to be sent, and when', async () => {
      await insert('w1');
      await insert('w2', { status: 'disabled' });
      const first = async () =>
        (await stores.webhooks.receivers()).map(({ webhookId, firstDueAt }) => [webhookId, firstDueAt]);
      expect(await first()).toEqual([['w1', null]]);
      await append(aDelivery('m1'));
      expect(await first()).toEqual([['w1', NOON]]);
      await settle('m1', failed);
      expect(await first()).toEqual([['w1', NOON + 5000]]);
      await stores.webhooks.hasten('w1', NOON + 1);
      expect(await first()).toEqual([['w1', NOON + 1]]);
    });

    it('begins schedules anew once the receiver is there, but for what was sent a whole schedule long', async () => {
      await insert('w1');
      await append(
        aDelivery('tried'),
        aDelivery('waited', { tokenCall: 't2' }),
        aDelivery('worn', { tokenCall: 't3' }),
      );
      for (const step of [1, 2]) await settle('tried', { ...failed, step });
      for (const step of [1, 2, 3]) {
        await settle('waited', { ...failed, step, ...(step > 1 && { attempted: 'no' }) });
      }
      for (let attempt = 1; attempt <= 9; attempt += 1) await settle('worn', { ...failed, step: 4 });
      await stores.webhooks.hasten('w1', NOON + 1);
      const steps = (await stores.webhooks.due('w1', { by: NOON + 1, limit: 10 })).map((each) => [
        ...[each.messageId, each.step],
      ]);
      expect(steps).toEqual([
        ['tried', 1],
        ['waited', 1],
        ['worn', 4],
      ]);
    });

    it('finds a delivery by its message', async () => {
      await insert('w1');
      await append(aDelivery('m1'), aDelivery('m2'));
      expect(await stores.webhooks.findMessage('w1', 'm2')).toMatchObject({ id: await idOf('m2') });
      expect(await stores.webhooks.findMessage('w2', 'm2')).toBeUndefined();
    });

    it('sends again what is over, still in the order of the call', async () => {
      await insert('w1');
      await append(aDelivery('m1'), aDelivery('m2'), aDelivery('m3'));
      await settle('m1', delivered);
      await settle('m2', delivered);
      expect(await stores.webhooks.resend('w1', await idOf('m1'), NOON)).toBe(true);
      expect(await due()).toEqual(['m1']);
      await settle('m1', delivered);
      expect(await due()).toEqual(['m3']);
      expect(await stores.webhooks.resend('w2', await idOf('m1'), NOON)).toBe(false);
      expect(await stores.webhooks.resend('w1', 4711, NOON)).toBe(false);
    });

    it('lists the newest first, by state, page by page', async () => {
      await insert('w1');
      await append(...['m1', 'm2', 'm3'].map((id) => aDelivery(id, { tokenCall: id })));
      await settle('m2', delivered);
      const list = async (query: { state?: 'pending' | 'delivered'; before?: number; limit?: number }) =>
        (await stores.webhooks.listDeliveries({ webhookId: 'w1', limit: 9, ...query })).map(
          ({ messageId }) => messageId,
        );
      expect(await list({})).toEqual(['m3', 'm2', 'm1']);
      expect(await list({ limit: 2 })).toEqual(['m3', 'm2']);
      expect(await list({ before: await idOf('m2') })).toEqual(['m1']);
      expect(await list({ state: 'delivered' })).toEqual(['m2']);
    });

    it('knows whether the grant of a call still stands', async () => {
      await insert('w1');
      await append(aDelivery('m1'), aDelivery('theirs', { userId: 'user-2', tokenCall: 't2' }));
      await append(aDelivery('test', { userId: null, tokenCall: null }));
      const standing = async (id: string, now = NOON) => stores.webhooks.standing(await idOf(id), now);
      expect([await standing('m1'), await standing('theirs'), await standing('test')]).toEqual([
        ...['granted', 'withdrawn', 'granted'],
      ]);
      expect(await standing('m1', NOON + 25 * HOUR)).toBe('withdrawn');
      await stores.users.setStatus('user-1', 'disabled');
      expect(await standing('m1')).toBe('withdrawn');
      await stores.users.setStatus('user-1', 'active');
      await stores.webhooks.change('w1', { status: 'disabled' });
      expect(await standing('m1')).toBe('held');
      expect(await stores.webhooks.standing(4711, NOON)).toBe('held');
      await stores.webhooks.change('w1', { status: 'enabled' });
      await settle('m1', delivered);
      expect(await standing('m1')).toBe('held');
    });

    it('deletes what was over before a date, and what was never sent', async () => {
      await insert('w1');
      await append(...['m1', 'm2', 'm3', 'm4'].map((id) => aDelivery(id, { tokenCall: id })));
      await settle('m1', delivered);
      await settle('m2', { ...delivered, endedAt: NOON + 1 });
      await settle('m3', { ...delivered, state: 'dead' });
      const left = async () =>
        (await stores.webhooks.listDeliveries({ webhookId: 'w1', limit: 9 })).map((each) => each.messageId);
      await stores.webhooks.deleteOld({ delivered: NOON + 1, dead: NOON });
      expect(await left()).toEqual(['m4', 'm3', 'm2']);
      await stores.webhooks.deleteOld({ delivered: NOON, dead: NOON + 1 });
      expect(await left()).toEqual(['m2']);
    });

    it('forgets all with the client', async () => {
      await insert('w1');
      await append(aDelivery('m1'));
      await stores.clients.delete('app');
      expect(await stores.webhooks.list()).toEqual([]);
      expect(await stores.webhooks.listDeliveries({ webhookId: 'w1', limit: 9 })).toEqual([]);
    });
  });
};
