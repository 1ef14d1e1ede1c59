import type { Authorization } from '../../../oauth/authorization.ts';
import type { Client } from '../../../oauth/model/account-stores.ts';
import { identifierOf, type PageRequest } from '../../../web/login/page-request.ts';
import { WebhookNotFoundError } from '../errors.ts';
import type { Webhook } from '../model.ts';
import type { WebhookService } from '../webhook-service.ts';

/** A webhook, and the application of the user that it is of. */
export interface OwnedWebhook {
  readonly webhook: Webhook;
  readonly application: Client;
}

export interface OwnedWebhookParts extends Pick<Authorization, 'applicationAdmin'> {
  readonly webhooks: WebhookService;
}

/**
 * @returns the webhook of the address
 * @throws WebhookNotFoundError where the user has none of this id
 */
export const ownedWebhook = async (
  { applicationAdmin, webhooks }: OwnedWebhookParts,
  page: PageRequest,
): Promise<OwnedWebhook> => {
  const id = identifierOf(page);
  for (const application of await applicationAdmin.list(page)) {
    const webhook = (await webhooks.list(application.id)).find((each) => each.id === id);
    if (webhook !== undefined) return { webhook, application };
  }
  throw new WebhookNotFoundError();
};
