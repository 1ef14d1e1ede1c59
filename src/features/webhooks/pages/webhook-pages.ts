import { Router } from 'express';
import { z } from 'zod';
import type { Authorization } from '../../../oauth/authorization.ts';
import type { Client } from '../../../oauth/model/account-stores.ts';
import {
  forLoggedIn,
  noticeFor,
  type PageRequest,
  reloadOf,
  replyDone,
  show,
} from '../../../web/login/page-request.ts';
import { ShownOnce, type ShownOnceDeps } from '../../../web/management/shown-once.ts';
import { createCsrfGuard } from '../../../web/page/csrf.ts';
import { fieldsOf, readBody } from '../../../web/page/page-body.ts';
import { createPageErrorHandler } from '../../../web/page/page-errors.ts';
import { createPageSecurityHeaders } from '../../../web/page/security-headers.ts';
import { InvalidWebhookError, TooManyWebhooksError, WebhookNotFoundError } from '../errors.ts';
import { type DeliveryState, deliveryStates, type Webhook } from '../model.ts';
import { representDelivery, representWebhook } from '../routes/representation.ts';
import { parseNewWebhook } from '../routes/webhook-body.ts';
import type { WebhookService } from '../webhook-service.ts';
import { type OwnedWebhook, ownedWebhook } from './owned-webhook.ts';
import { createWebhookChanges, ticked } from './webhook-changes.ts';
import { emptyWebhook, formView, type TypedWebhook, webhookView } from './webhook-views.ts';

export interface WebhookPagesParts extends ShownOnceDeps, Pick<Authorization, 'currentUser' | 'applicationAdmin'> {
  readonly webhooks: WebhookService;
  readonly publicUrl: string;
}

const WEBHOOKS = '/management/webhooks';
const ONE = `${WEBHOOKS}/:id`;
const PAGE_ROWS = 50;

const notices = {
  deleted: 'The webhook is deleted.',
  changed: 'The webhook is changed.',
  enabled: 'The webhook is enabled: it is told of what happens from now on, and sent what it waited for.',
  disabled: 'The webhook is disabled: nothing is sent to it.',
  tested: 'A webhook.test is on its way. Reload the page to see what became of it.',
  resent: 'The delivery is on its way again.',
};

const typedWebhook = z.object({
  application: z.string().default(''),
  url: z.string().trim().default(''),
  events: z.preprocess(ticked, z.array(z.string())),
  description: z.string().trim().default(''),
});

/** The pages of webhooks, for owners of applications. Needs the session middleware before it. */
export class WebhookPages {
  readonly #parts: WebhookPagesParts;
  readonly #shownOnce: ShownOnce;

  constructor(parts: WebhookPagesParts) {
    this.#parts = parts;
    this.#shownOnce = new ShownOnce(parts);
  }

  routes(): Router {
    const { publicUrl } = this.#parts;
    const router = Router()
      .use(WEBHOOKS, createPageSecurityHeaders({ publicUrl, formTargets: 'own-pages' }))
      .use(WEBHOOKS, createCsrfGuard(this.#parts));
    const loggedIn = forLoggedIn(this.#parts);
    const pages: readonly (readonly ['get' | 'post', string, (page: PageRequest) => Promise<void>])[] = [
      ['get', WEBHOOKS, (page) => this.#list(page)],
      ['post', WEBHOOKS, (page) => this.#create(page)],
      ['get', ONE, (page) => this.#show(page)],
      ['post', `${ONE}/enable`, (page) => this.#switch(page, 'enabled')],
      ['post', `${ONE}/disable`, (page) => this.#switch(page, 'disabled')],
      ['post', `${ONE}/test`, (page) => this.#test(page)],
      ['post', `${ONE}/deliveries/:delivery/resend`, (page) => this.#resend(page)],
      ['get', `${ONE}/secret`, (page) => this.#askForSecret(page)],
      ['post', `${ONE}/secret`, (page) => this.#rotate(page)],
      ['get', `${ONE}/delete`, (page) => this.#askToDelete(page)],
      ['post', `${ONE}/delete`, (page) => this.#delete(page)],
    ];
    for (const [method, path, handle] of pages) router[method](path, readBody, loggedIn(handle));
    return router.use(createWebhookChanges(this.#parts)).use(WEBHOOKS, createPageErrorHandler(this.#parts));
  }

  /** Applications that may be told of their calls. */
  async #applications(page: PageRequest): Promise<readonly Client[]> {
    return (await this.#parts.applicationAdmin.list(page)).filter(({ scopes }) => scopes.includes('application'));
  }

  #owned(page: PageRequest): Promise<OwnedWebhook> {
    return ownedWebhook(this.#parts, page);
  }

  async #list(page: PageRequest, refused?: { readonly typed: TypedWebhook; readonly fault: string }): Promise<void> {
    const { webhooks, renderPage, applicationAdmin } = this.#parts;
    const all = await applicationAdmin.list(page);
    const found = await Promise.all(
      all.map(async (application) =>
        (await webhooks.list(application.id)).map((webhook) => ({ webhook, application })),
      ),
    );
    const status = refused === undefined ? 200 : 400;
    const data = {
      webhooks: found.flat().map(({ webhook, application }) => webhookView(webhook, application)),
      form: formView(await this.#applications(page), refused?.typed ?? emptyWebhook, refused?.fault),
      notice: noticeFor(page, notices),
      formId: this.#shownOnce.newFormId(),
      ...reloadOf(status, WEBHOOKS),
    };
    const json = {
      webhooks: found.flat().map(({ webhook }) => ({ ...representWebhook(webhook), client_id: webhook.clientId })),
    };
    show(renderPage, page, { page: { view: 'webhooks', status, data }, json });
  }

  async #create(page: PageRequest): Promise<void> {
    const { application, ...typed } = fieldsOf(page.request, typedWebhook);
    try {
      await this.#make(page, { application, ...typed });
    } catch (error) {
      const isFault = error instanceof InvalidWebhookError || error instanceof TooManyWebhooksError;
      if (!isFault || page.wants === 'json') throw error;
      await this.#list(page, { typed: { application, ...typed }, fault: error.message });
    }
  }

  async #make(page: PageRequest, { application, ...typed }: TypedWebhook): Promise<void> {
    const owned = (await this.#applications(page)).find(({ id }) => id === application);
    if (owned === undefined) {
      throw new InvalidWebhookError('application', 'is none of yours that may ask for the scope "application".');
    }
    const description = parseNewWebhook(typed);
    await this.#shownOnce.reply(page, 201, async () => {
      const { webhook, secret } = await this.#parts.webhooks.create(owned.id, description);
      return { ...shownSecret(webhook, secret), json: { ...representWebhook(webhook), secret } };
    });
  }

  async #show(page: PageRequest): Promise<void> {
    const { webhooks, renderPage } = this.#parts;
    const { webhook, application } = await this.#owned(page);
    const [state, before] = [stateIn(page), beforeIn(page)];
    const found = await webhooks.deliveries(application.id, webhook.id, { state, before, limit: PAGE_ROWS + 1 });
    const deliveries = found.slice(0, PAGE_ROWS).map(representDelivery);
    const address = `${WEBHOOKS}/${webhook.id}`;
    const of = (name: string): string => (name === 'all' ? '' : `state=${name}`);
    const oldest = found.length > PAGE_ROWS ? deliveries.at(-1)?.id : undefined;
    const data = {
      webhook: webhookView(webhook, application),
      deliveries,
      older: oldest === undefined ? undefined : `${address}?${of(state ?? 'all')}&before=${oldest}`,
      states: ['all', ...deliveryStates].map((name) => {
        return { name, address: `${address}?${of(name)}`, current: name === (state ?? 'all') };
      }),
      notice: noticeFor(page, notices),
    };
    const json = { ...representWebhook(webhook), client_id: application.id, deliveries };
    show(renderPage, page, { page: { view: 'webhook', status: 200, data }, json });
  }

  async #switch(page: PageRequest, status: 'enabled' | 'disabled'): Promise<void> {
    const { webhook, application } = await this.#owned(page);
    await this.#parts.webhooks.change(application.id, webhook.id, { status });
    replyDone(page, `${WEBHOOKS}/${webhook.id}?done=${status}`);
  }

  async #test(page: PageRequest): Promise<void> {
    const { webhook, application } = await this.#owned(page);
    await this.#parts.webhooks.test(application.id, webhook.id);
    replyDone(page, `${WEBHOOKS}/${webhook.id}?done=tested`);
  }

  async #resend(page: PageRequest): Promise<void> {
    const { webhook, application } = await this.#owned(page);
    const delivery = String(page.request.params['delivery']);
    if (!/^\d{1,15}$/.test(delivery)) throw new WebhookNotFoundError('delivery');
    await this.#parts.webhooks.resend(application.id, webhook.id, Number(delivery));
    replyDone(page, `${WEBHOOKS}/${webhook.id}?done=resent`);
  }

  async #askForSecret(page: PageRequest): Promise<void> {
    const { webhook } = await this.#owned(page);
    this.#confirm(page, webhook, {
      title: 'A new secret for this webhook?',
      text: 'Messages are signed with both secrets for a day, then with the new one alone.',
      button: 'Make a new secret',
    });
  }

  async #rotate(page: PageRequest): Promise<void> {
    const { webhook, application } = await this.#owned(page);
    await this.#shownOnce.reply(page, 200, async () => {
      const { secret, formerEndsAt } = await this.#parts.webhooks.rotateSecret(application.id, webhook.id);
      const former_secret_ends_at = new Date(formerEndsAt).toISOString();
      return { ...shownSecret(webhook, secret), json: { id: webhook.id, secret, former_secret_ends_at } };
    });
  }

  async #askToDelete(page: PageRequest): Promise<void> {
    const { webhook } = await this.#owned(page);
    this.#confirm(page, webhook, {
      title: 'Delete this webhook?',
      text: `Nothing more is sent to ${webhook.url}, and its deliveries are deleted with it.`,
      button: 'Delete it',
    });
  }

  async #delete(page: PageRequest): Promise<void> {
    const { webhook, application } = await this.#owned(page);
    await this.#parts.webhooks.delete(application.id, webhook.id);
    replyDone(page, `${WEBHOOKS}?done=deleted`);
  }

  #confirm(
    page: PageRequest,
    webhook: Webhook,
    words: { readonly title: string; readonly text: string; readonly button: string },
  ): void {
    const where = { action: page.request.path, back: `${WEBHOOKS}/${webhook.id}`, formId: this.#shownOnce.newFormId() };
    const view = { view: 'confirm', status: 200, data: { ...words, ...where } } as const;
    show(this.#parts.renderPage, page, { page: view, json: representWebhook(webhook) });
  }
}

const shownSecret = ({ id, url }: Webhook, secret: string) => ({
  data: {
    title: 'The secret of your webhook',
    text: 'Copy the secret now: it is shown this once. With it your server verifies that messages come from here.',
    facts: [
      { label: 'Webhook', value: id },
      { label: 'Address', value: url },
      { label: 'Secret', value: secret },
    ],
  },
});

const queryOf = ({ request }: PageRequest): URLSearchParams =>
  new URL(request.originalUrl, 'http://localhost').searchParams;

/** What makes no sense shows all. */
const stateIn = (page: PageRequest): DeliveryState | undefined =>
  deliveryStates.find((state) => state === queryOf(page).get('state'));

const beforeIn = (page: PageRequest): number | undefined => {
  const text = queryOf(page).get('before') ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
};
