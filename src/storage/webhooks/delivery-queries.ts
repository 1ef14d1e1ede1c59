import { type Kysely, sql } from 'kysely';
import type { DeliveryState, NewDelivery } from '../../features/webhooks/model.ts';
import type { DeliveryOutcome } from '../../features/webhooks/webhook-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';

/** Written out: SQLite uses an index of some rows only where it can see that these are all. */
const PENDING = sql.lit<DeliveryState>('pending');

interface ById {
  readonly id: number;
}

interface Settlement {
  readonly id: number;
  readonly state: DeliveryOutcome['state'];
  readonly more: 0 | 1;
  readonly step: number | null;
  readonly nextAttemptAt: number | null;
  readonly endedAt: number | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

/** The queries of the queue: each uses an index that has only what is pending. */
export const compileDeliveries = (builder: Kysely<Schema>) => ({
  ...compileReads(builder),
  ...compileWrites(builder),
});

export type DeliveryQueries = ReturnType<typeof compileDeliveries>;

const compileReads = (builder: Kysely<Schema>) => ({
  receivers: compileOnce(() =>
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
  ),
  due: compileOnce(
    ({ webhookId, by, limit }: { readonly webhookId: string; readonly by: number; readonly limit: number }) =>
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
  ),
  standing: compileOnce(
    ({ id, now, sandbox }: { readonly id: number; readonly now: number; readonly sandbox: 0 | 1 }) =>
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
  ),
});

const compileWrites = (builder: Kysely<Schema>) => ({
  append: compileOnce((each: NewDelivery & { readonly now: number }) =>
    builder
      .insertInto('webhook_deliveries')
      .columns([
        ...(['webhook_id', 'message_id', 'event', 'token_call', 'user_id', 'body', 'created_at'] as const),
        ...(['state', 'step', 'attempts', 'next_attempt_at'] as const),
      ])
      .expression((query) =>
        query
          .selectFrom('webhooks')
          .select((row) => [
            'webhooks.id',
            row.val(each.messageId).as('message_id'),
            row.val(each.event).as('event'),
            row.val(each.tokenCall).as('token_call'),
            row.val(each.userId).as('user_id'),
            row.val(each.body).as('body'),
            row.val(each.createdAt).as('created_at'),
            row.val('pending').as('state'),
            row.val(0).as('step'),
            row.val(0).as('attempts'),
            row
              .case()
              .when(
                row.exists(
                  row
                    .selectFrom('webhook_deliveries as earlier')
                    .select('earlier.id')
                    .where('earlier.webhook_id', '=', each.webhookId)
                    .where('earlier.token_call', '=', each.tokenCall)
                    .where('earlier.state', '=', PENDING),
                ),
              )
              .then(null)
              .else(row.val(each.now))
              .end()
              .as('next_attempt_at'),
          ])
          .where('webhooks.id', '=', each.webhookId),
      )
      .onConflict((conflict) => conflict.column('message_id').doNothing()),
  ),
  settle: compileOnce((each: Settlement) =>
    builder
      .updateTable('webhook_deliveries')
      .set((row) => ({
        state: each.state,
        step: row.fn.coalesce(row.val(each.step), 'step'),
        attempts: row('attempts', '+', each.more),
        next_attempt_at: each.nextAttemptAt,
        last_status: each.lastStatus,
        last_error: each.lastError,
        ended_at: each.endedAt,
      }))
      .where('id', '=', each.id)
      .where('state', '=', 'pending')
      .where('next_attempt_at', 'is not', null),
  ),
  /** The first that is pending of the call of one that is over. */
  dueNext: compileOnce(({ id, now }: ById & { readonly now: number }) =>
    builder
      .updateTable('webhook_deliveries')
      .set((row) => ({ next_attempt_at: row.fn.coalesce('next_attempt_at', row.val(now)) }))
      .where('id', '=', (query) =>
        query
          .selectFrom('webhook_deliveries as next')
          .innerJoin('webhook_deliveries as over', (join) =>
            join
              .onRef('over.webhook_id', '=', 'next.webhook_id')
              .onRef('over.token_call', '=', 'next.token_call')
              .on('over.id', '=', id),
          )
          .select((row) => row.fn.min('next.id').as('id'))
          .where('next.state', '=', PENDING),
      ),
  ),
  hasten: compileOnce(({ webhookId, now }: { readonly webhookId: string; readonly now: number }) =>
    builder
      .updateTable('webhook_deliveries')
      .set({ next_attempt_at: now })
      .where('webhook_id', '=', webhookId)
      .where('next_attempt_at', 'is not', null)
      .where('next_attempt_at', '>', now),
  ),
  resend: compileOnce(
    ({ webhookId, id, now }: { readonly webhookId: string; readonly id: number; readonly now: number }) =>
      builder
        .updateTable('webhook_deliveries')
        .set({ state: 'pending', step: 0, next_attempt_at: now, ended_at: null })
        .where('webhook_id', '=', webhookId)
        .where('id', '=', id),
  ),
  /** Of one call, only the first that is pending is due. */
  lineUpBehind: compileOnce(({ id }: ById) =>
    builder
      .updateTable('webhook_deliveries')
      .set({ next_attempt_at: null })
      .where('id', 'in', (query) =>
        query
          .selectFrom('webhook_deliveries as each')
          .innerJoin('webhook_deliveries as one', (join) =>
            join
              .onRef('one.webhook_id', '=', 'each.webhook_id')
              .onRef('one.token_call', '=', 'each.token_call')
              .on('one.id', '=', id),
          )
          .innerJoin('webhook_deliveries as first', (join) =>
            join
              .onRef('first.webhook_id', '=', 'each.webhook_id')
              .onRef('first.token_call', '=', 'each.token_call')
              .onRef('first.id', '<', 'each.id')
              .on('first.state', '=', 'pending'),
          )
          .select('each.id')
          .where('each.state', '=', PENDING),
      ),
  ),
});

/** Notes what became of a delivery; the next of its call is due where it is over. */
export function* settleDelivery(
  queries: DeliveryQueries,
  { id, outcome, now }: { readonly id: number; readonly outcome: DeliveryOutcome; readonly now: number },
): UnitOfWork<void> {
  const { lastStatus, lastError, attempted, ...rest } = outcome;
  const { changes } = yield* run(
    queries.settle({
      id,
      state: rest.state,
      more: attempted === 'yes' ? 1 : 0,
      step: rest.state === 'pending' ? rest.step : null,
      nextAttemptAt: rest.state === 'pending' ? rest.nextAttemptAt : null,
      endedAt: rest.state === 'pending' ? null : rest.endedAt,
      lastStatus,
      lastError,
    }),
  );
  if (changes === 1 && rest.state !== 'pending') yield* run(queries.dueNext({ id, now }));
}
