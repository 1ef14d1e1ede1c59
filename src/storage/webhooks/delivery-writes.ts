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

const append = (builder: Kysely<Schema>) =>
  compileOnce((each: NewDelivery & { readonly now: number }) =>
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
  );

const settle = (builder: Kysely<Schema>) =>
  compileOnce((each: Settlement) =>
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
  );

/** The first that is pending of the call of one that is over. */
const dueNext = (builder: Kysely<Schema>) =>
  compileOnce(({ id, now }: ById & { readonly now: number }) =>
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
  );

/** As many as a whole schedule has: what failed so often does not begin anew, or a message could outlive its days for ever. */
const AFRESH_BELOW = 9;
/** After one failure. */
const FIRST_STEP = 1;

const hasten = (builder: Kysely<Schema>) =>
  compileOnce(({ webhookId, now }: { readonly webhookId: string; readonly now: number }) =>
    builder
      .updateTable('webhook_deliveries')
      .set((row) => ({
        next_attempt_at: row.case().when('next_attempt_at', '>', now).then(now).else(row.ref('next_attempt_at')).end(),
        step: row
          .case()
          .when(row.and([row('attempts', '<', AFRESH_BELOW), row('step', '>', FIRST_STEP)]))
          .then(FIRST_STEP)
          .else(row.ref('step'))
          .end(),
      }))
      .where('webhook_id', '=', webhookId)
      .where('next_attempt_at', 'is not', null),
  );

const resend = (builder: Kysely<Schema>) =>
  compileOnce(({ webhookId, id, now }: { readonly webhookId: string; readonly id: number; readonly now: number }) =>
    builder
      .updateTable('webhook_deliveries')
      .set({ state: 'pending', step: 0, next_attempt_at: now, ended_at: null })
      .where('webhook_id', '=', webhookId)
      .where('id', '=', id),
  );

/** Of one call, only the first that is pending is due. */
const lineUpBehind = (builder: Kysely<Schema>) =>
  compileOnce(({ id }: ById) =>
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
  );

/** What changes the queue. */
export const compileDeliveryWrites = (builder: Kysely<Schema>) => ({
  append: append(builder),
  settle: settle(builder),
  dueNext: dueNext(builder),
  hasten: hasten(builder),
  resend: resend(builder),
  lineUpBehind: lineUpBehind(builder),
});

export type DeliveryWrites = ReturnType<typeof compileDeliveryWrites>;

/** Notes what became of a delivery; the next of its call is due where it is over. */
export function* settleDelivery(
  queries: DeliveryWrites,
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
