import { setTimeout as pause } from 'node:timers/promises';
import type { CallFact, ToldName } from '../../../src/calls/call-events.ts';
import { CallFeed } from '../../../src/calls/feed/call-feed.ts';
import { DeliveryWriter } from '../../../src/features/webhooks/delivery-writer.ts';
import { AddressGuard } from '../../../src/features/webhooks/guard/address-guard.ts';
import { webhookEvents } from '../../../src/features/webhooks/model.ts';
import { WebhookDispatcher } from '../../../src/features/webhooks/webhook-dispatcher.ts';
import { WebhookSender, type WebhookSenderOptions } from '../../../src/features/webhooks/webhook-sender.ts';
import { WebhookService } from '../../../src/features/webhooks/webhook-service.ts';
import { aCall, aClient, aFamily, anEvent, aUser, NOON, tokensOf } from '../../contracts/records.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { createSeededIds } from '../../support/seeded-ids.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const LIMIT_MS = 15_000;
const YEAR_MS = 366 * 86_400_000;

/** Real deliveries from a real database to real receivers, by a clock that the test advances. */
export class WebhookWorld {
  readonly clock = new FakeClock(NOON);
  readonly log = new RecordedLog();
  stores!: TestStores;
  feed!: CallFeed;
  service!: WebhookService;
  #stop: (() => Promise<void>) | undefined;
  readonly #ids = createSeededIds(7);

  async open(): Promise<this> {
    this.stores = await createTestStores({ clock: this.clock });
    await this.stores.feed.begin('file', 'epoch');
    for (const id of ['user-1', 'user-2']) await this.stores.users.insert(aUser(id));
    for (const id of ['app', 'other']) {
      await this.stores.clients.insert(aClient(id, { scopes: ['call', 'application'] }));
      await this.stores.tokens.start(
        aFamily(`grant to ${id}`, { clientId: id, userId: 'user-1', expiresAt: NOON + YEAR_MS }),
        tokensOf(`grant to ${id}`, `grant to ${id}`),
      );
    }
    this.start();
    return this;
  }

  /** As a process that starts does. */
  start(options: Partial<WebhookSenderOptions> = {}): void {
    const { clock, log, stores } = this;
    const guard = new AddressGuard(['127.0.0.0/8', '::1']);
    const sender = new WebhookSender({ guard, clock, userAgent: 'test', ...options });
    const store = stores.webhooks;
    this.feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock, log });
    const dispatcher = new WebhookDispatcher({
      store,
      sender,
      clock,
      steadyClock: clock,
      spread: seededRandom(1),
      log,
    });
    const onWritten = (): void => dispatcher.hint();
    const publicUrl = 'http://localhost:8888';
    const writer = new DeliveryWriter({ store, feed: this.feed, publicUrl, clock, steadyClock: clock, log, onWritten });
    this.service = new WebhookService({
      store,
      feed: this.feed,
      guard,
      clock,
      steadyClock: clock,
      ids: this.#ids,
      onWritten,
    });
    writer.start();
    dispatcher.hint();
    this.#stop = async () => {
      await writer.close();
      await dispatcher.close();
    };
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.stores.close();
  }

  /** A webhook of `app`, told of everything unless said otherwise. */
  async webhook(
    url: string,
    { clientId = 'app', events = webhookEvents }: { clientId?: string; events?: readonly ToldName[] } = {},
  ) {
    const made = await this.service.create(clientId, { url, events, description: '' });
    await this.advance(1000);
    return { id: made.webhook.id, secret: made.secret };
  }

  /** Writes a call that comes to an end, as the journal does. */
  async call(token: string, changes: Parameters<typeof aCall>[1] = {}): Promise<void> {
    const { calls } = this.stores;
    await calls.insert(aCall(token, changes), anEvent(1));
    const facts: readonly CallFact[] = [
      { name: 'call.calling', payload: {} },
      { name: 'call.dialling', payload: {} },
      {
        name: 'call.ended',
        payload: { outcome: 'busy', endedBy: 'callee', endedLeg: 'callee', talkMs: null, cause: null },
      },
    ];
    for (const [index, fact] of facts.entries()) {
      const sequence = index + 2;
      const state = fact.name.slice('call.'.length) as 'calling';
      await calls.update(aCall(token, { ...changes, sequence, state }), [], [anEvent(sequence, fact)]);
    }
    this.feed.hint();
  }

  async advance(milliseconds: number): Promise<void> {
    await this.clock.advanceAsync(milliseconds);
  }

  /**
   * Lets the world go on until something is so, by `stepMs` at a time. What is more than a second passes as while a machine
   * sleeps: dates move on, and timers do not run meanwhile.
   */
  async until(what: string, isSo: () => boolean | Promise<boolean>, stepMs = 0): Promise<void> {
    const endsAt = performance.now() + LIMIT_MS;
    while (!(await isSo())) {
      if (performance.now() > endsAt) throw new Error(`it did not come to pass: ${what}`);
      await pause(1);
      if (stepMs > 1000) this.clock.step(stepMs - 1000);
      await this.clock.advanceAsync(Math.min(stepMs, 1000));
    }
  }

  deliveries(id: string) {
    return this.stores.webhooks.listDeliveries({ webhookId: id, limit: 1000 });
  }
}
