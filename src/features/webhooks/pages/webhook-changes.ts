import { Router } from 'express';
import { z } from 'zod';
import {
  forLoggedIn,
  type PageRequest,
  type PageRequestDeps,
  reloadOf,
  replyDone,
  show,
} from '../../../web/login/page-request.ts';
import { fieldsOf, readBody } from '../../../web/page/page-body.ts';
import type { RenderPage } from '../../../web/page/page-renderer.ts';
import { InvalidWebhookError } from '../errors.ts';
import { representWebhook } from '../routes/representation.ts';
import { parseWebhookChanges } from '../routes/webhook-body.ts';
import { ownedWebhook, type OwnedWebhookParts } from './owned-webhook.ts';
import { eventChoices, webhookView } from './webhook-views.ts';

export interface WebhookChangesParts extends PageRequestDeps, OwnedWebhookParts {
  readonly renderPage: RenderPage;
}

const path = '/management/webhooks/:id/edit';

/** A form with one box ticked sends a text, with none an empty one. */
export const ticked = (value: unknown): unknown => [value ?? []].flat().filter((each) => each !== '');

const typedChanges = z.object({
  url: z.string().trim().optional(),
  events: z.preprocess((value) => (value === undefined ? undefined : ticked(value)), z.array(z.string()).optional()),
  description: z.string().trim().optional(),
});

interface Refused {
  readonly typed: z.infer<typeof typedChanges>;
  readonly fault: string;
}

/** The form that changes where a webhook is told and of what, or the JSON in its place: what is left out stays. */
export const createWebhookChanges = (parts: WebhookChangesParts): Router => {
  const { webhooks, renderPage } = parts;
  const loggedIn = forLoggedIn(parts);

  const ask = async (page: PageRequest, refused?: Refused): Promise<void> => {
    const { webhook, application } = await ownedWebhook(parts, page);
    const status = refused === undefined ? 200 : 400;
    const { url = webhook.url, events = webhook.events, description = webhook.description } = refused?.typed ?? {};
    const data = {
      webhook: webhookView(webhook, application),
      form: { url, description, events: eventChoices(events), fault: refused?.fault },
      ...reloadOf(status, page.request.path),
    };
    show(renderPage, page, { page: { view: 'webhook-edit', status, data }, json: representWebhook(webhook) });
  };

  const change = async (page: PageRequest): Promise<void> => {
    const typed = fieldsOf(page.request, typedChanges);
    const { webhook, application } = await ownedWebhook(parts, page);
    try {
      await webhooks.change(application.id, webhook.id, parseWebhookChanges(typed));
    } catch (error) {
      if (!(error instanceof InvalidWebhookError) || page.wants === 'json') throw error;
      await ask(page, { typed, fault: error.message });
      return;
    }
    replyDone(page, `/management/webhooks/${webhook.id}?done=changed`);
  };

  return Router()
    .get(
      path,
      loggedIn((page) => ask(page)),
    )
    .post(path, readBody, loggedIn(change));
};
