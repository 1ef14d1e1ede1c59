import type { CallFeed } from '../calls/feed/call-feed.ts';
import type { Config } from '../config/config.ts';
import { DeliveryWriter } from '../features/webhooks/delivery-writer.ts';
import { AddressGuard } from '../features/webhooks/guard/address-guard.ts';
import { WebhookDispatcher } from '../features/webhooks/webhook-dispatcher.ts';
import { WebhookSender } from '../features/webhooks/webhook-sender.ts';
import { WebhookService } from '../features/webhooks/webhook-service.ts';
import type { Clock, WallClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { Stores } from '../storage/stores.ts';
import type { Shutdown } from './shutdown.ts';

export interface WebhooksOptions {
  readonly config: Pick<Config, 'sandbox' | 'settings'>;
  readonly publicUrl: string;
  readonly stores: Pick<Stores, 'webhooks'>;
  readonly feed: CallFeed;
  readonly shutdown: Shutdown;
  readonly clock: Clock;
  readonly steadyClock: WallClock;
  readonly ids: IdSource;
  readonly log: Log;
}

const LOOPBACK = ['127.0.0.0/8', '::1'];
const USER_AGENT = 'Offhook-Webhooks/1';
const SPREAD_BITS = 32;

/** A number from 0 to 1. */
const spreadOf = (ids: IdSource) => (): number =>
  Buffer.from(ids.random(SPREAD_BITS), 'base64url').readUInt32BE() / 2 ** SPREAD_BITS;

/** Starts what makes and sends the deliveries of webhooks, and stops it after the calls. */
export const startWebhooks = (options: WebhooksOptions): WebhookService => {
  const { config, publicUrl, stores, feed, shutdown, clock, steadyClock, ids, log } = options;
  const { allow_private: allowed } = config.settings.webhooks;
  const guard = new AddressGuard(config.sandbox ? [...allowed, ...LOOPBACK] : allowed);
  const store = stores.webhooks;
  const sender = new WebhookSender({ guard, clock, userAgent: USER_AGENT });
  const dispatcher = new WebhookDispatcher({ store, sender, clock, steadyClock, spread: spreadOf(ids), log });
  const onWritten = (): void => dispatcher.hint();
  const writer = new DeliveryWriter({ store, feed, publicUrl, clock, steadyClock, log, onWritten });
  shutdown.add(() => dispatcher.close());
  shutdown.add(() => writer.close());
  writer.start();
  dispatcher.hint();
  return new WebhookService({ store, feed, guard, clock, steadyClock, ids, onWritten });
};
