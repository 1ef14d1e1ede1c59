import type { Router } from 'express';
import type { FeaturePageParts } from '../../src/app/web.ts';
import { CallFeed } from '../../src/calls/feed/call-feed.ts';
import { AddressGuard } from '../../src/features/webhooks/guard/address-guard.ts';
import { WebhookPages } from '../../src/features/webhooks/pages/webhook-pages.ts';
import { WebhookService } from '../../src/features/webhooks/webhook-service.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import type { OAuthApp } from './oauth-app.ts';

/** The pages of webhooks over the real service and database. Nothing is sent: no dispatcher runs. */
export const createWebhookPages = (
  parts: FeaturePageParts,
  { stores, clock }: Pick<OAuthApp, 'stores' | 'clock'>,
): Router => {
  const feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock, log: silentLog });
  const service = { store: stores.webhooks, feed, guard: new AddressGuard(), clock, steadyClock: clock };
  const webhooks = new WebhookService({ ...service, ids: createSystemIds(), onWritten: () => undefined });
  return new WebhookPages({ ...parts, webhooks }).routes();
};
