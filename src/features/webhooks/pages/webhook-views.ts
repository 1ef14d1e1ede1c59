import type { Client } from '../../../oauth/model/account-stores.ts';
import type { BoxView, WebhookFormView, WebhookView } from '../../../web/page/webhook-page-data.ts';
import { type Webhook, webhookEvents } from '../model.ts';
import { representWebhook } from '../routes/representation.ts';

/** What a person typed into the form of a new webhook. */
export interface TypedWebhook {
  readonly application: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string;
}

const labels: Readonly<Record<(typeof webhookEvents)[number], string>> = {
  'call.created': 'A call was placed',
  'call.calling': "The user's phone is being rung",
  'call.dialling': 'The destination is being rung',
  'call.connected': 'Both have answered',
  'call.ended': 'The call has ended',
  'call.settled': 'All of it is over, both legs included',
  'leg.calling': 'A leg is being called',
  'leg.ringing': 'A leg is ringing',
  'leg.answered': 'A leg was answered',
  'leg.ended': 'A leg has ended',
};

export const eventChoices = (chosen: readonly string[]): readonly BoxView[] =>
  webhookEvents.map((value) => ({ value, label: labels[value], checked: chosen.includes(value) }));

export const emptyWebhook: TypedWebhook = { application: '', url: '', events: ['call.ended'], description: '' };

export const formView = (
  applications: readonly Client[],
  typed: TypedWebhook,
  fault: string | undefined,
): WebhookFormView => ({
  applications: applications.map(({ id, name }) => ({ value: id, label: name, checked: id === typed.application })),
  url: typed.url,
  description: typed.description,
  events: eventChoices(typed.events),
  fault,
});

export const webhookView = (webhook: Webhook, application: Pick<Client, 'name'>): WebhookView => {
  const { disabled_by: disabledBy, ...shown } = representWebhook(webhook);
  const state =
    disabledBy === 'receiver' ? 'disabled: its receiver answered 410' : shown.enabled ? 'enabled' : 'disabled';
  return { ...shown, application: application.name, state };
};
