import { type Kysely } from 'kysely';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

const receivers = (builder: Kysely<Schema>) =>
  compileOnce(() =>
    builder
      .selectFrom('webhooks')
      .select(['webhooks.id as webhookId', 'webhooks.url'])
      .select((webhook) =>
        webhook
          .selectFrom('webhook_deliveries as delivery')
          .select((row) => row.fn.min('delivery.next_attempt_at').as('first'))
          .whereRef('delivery.webhook_id', '=', 'webhooks.id')
          .where('delivery.next_attempt_at', 'is not', null)
          .as('firstDueAt'),
      )
      .where('webhooks.status', '=', 'enabled'),
  );

const due = (builder: Kysely<Schema>) =>
  compileOnce(({ webhookId, by, limit }: { readonly webhookId: string; readonly by: number; readonly limit: number }) =>
    builder
      .selectFrom('webhook_deliveries')
      .select(['id', 'webhook_id as webhookId', 'message_id as messageId', 'body', 'token_call as tokenCall', 'step'])
      .select('next_attempt_at as nextAttemptAt')
      .$narrowType<{ readonly nextAttemptAt: number }>()
      .where('webhook_id', '=', webhookId)
      .where('next_attempt_at', 'is not', null)
      .where('next_attempt_at', '<=', by)
      .orderBy('next_attempt_at')
      .orderBy('id')
      .limit(limit),
  );

const standing = (builder: Kysely<Schema>) =>
  compileOnce(({ id, now, sandbox }: { readonly id: number; readonly now: number; readonly sandbox: 0 | 1 }) =>
    builder
      .selectFrom('webhook_deliveries as delivery')
      .innerJoin('webhooks', 'webhooks.id', 'delivery.webhook_id')
      .innerJoin('clients', 'clients.id', 'webhooks.client_id')
      .select(['clients.scopes', 'clients.status as clientStatus', 'clients.sandbox as clientSandbox'])
      .select((row) => row.case().when('delivery.user_id', 'is', null).then(1).else(0).end().as('isTest'))
      .select((row) =>
        row
          .selectFrom('token_families as family')
          .innerJoin('users', 'users.id', 'family.user_id')
          .select('family.id')
          .whereRef('family.user_id', '=', 'delivery.user_id')
          .whereRef('family.client_id', '=', 'clients.id')
          .where('family.expires_at', '>', now)
          .where('users.status', '=', 'active')
          .where('users.sandbox', '<=', sandbox)
          .limit(1)
          .as('granted'),
      )
      .where('delivery.id', '=', id)
      .where('delivery.state', '=', 'pending')
      .where('webhooks.status', '=', 'enabled'),
  );

/** What the queue asks: each query uses an index that has only what is pending. */
export const compileDeliveryReads = (builder: Kysely<Schema>) => ({
  receivers: receivers(builder),
  due: due(builder),
  standing: standing(builder),
});
