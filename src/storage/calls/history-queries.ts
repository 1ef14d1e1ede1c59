import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { LegRole } from '../../calls/call-state.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

/** A filter with an index that carries the order; `time` is none of them, and has the index of all calls. */
export type Lead = 'number' | 'username' | 'client_id' | 'outcome' | 'time';

/** A stretch of the order: between two moments, both inclusive, and after a call. */
export interface Range {
  /** What the lead must be; `time` has none. */
  readonly value: string;
  readonly from: number;
  readonly to: number;
  readonly beforeAt: number;
  readonly beforeId: number;
  readonly rows: number;
}

const isLed = (lead: Lead, range: Range) => (row: ExpressionBuilder<Schema, 'calls'>) => [
  ...(lead === 'time' ? [] : [row(`calls.${lead}`, '=', range.value as never)]),
  row('calls.created_at', '>=', range.from),
  row('calls.created_at', '<=', range.to),
];

/** Behind the call, in an order that goes back in time. */
const isBehind = (range: Range) => (row: ExpressionBuilder<Schema, 'calls'>) =>
  row.or([row('calls.created_at', '<', range.beforeAt), row('calls.id', '<', range.beforeId)]);

const newestFirst = (database: Kysely<Schema>, lead: Lead, range: Range) =>
  database
    .selectFrom('calls')
    .where((row) => row.and(isLed(lead, range)(row)))
    .where(isBehind(range))
    .orderBy('calls.created_at', 'desc')
    .orderBy('calls.id', 'desc')
    .limit(range.rows);

/** What a filter may ask of a call. */
const compileLook = (database: Kysely<Schema>, lead: Lead) =>
  compileOnce((range: Range) =>
    newestFirst(database, lead, range).select([
      'calls.id',
      'calls.created_at as createdAt',
      'calls.user_id as userId',
      'calls.username',
      'calls.client_id as clientId',
      'calls.number',
      'calls.state',
      'calls.outcome',
    ]),
  );

/** How many there are, up to `rows`: the index alone tells. */
const compileCount = (database: Kysely<Schema>, lead: Lead) =>
  compileOnce((range: Range) =>
    database
      .selectFrom(newestFirst(database, lead, range).select('calls.id').as('some'))
      .select((row) => row.fn.countAll<number>().as('count')),
  );

/** A destination was called once the user had answered: so much is known of calls from before that was dated. */
const callerAnsweredAt = sql<number | null>`case when callee.called_at is null then
  (select answered_at from legs where call_id = calls.id and role = 'caller') end`;

const compileMeasure = (database: Kysely<Schema>, lead: Lead) =>
  compileOnce((range: Range) =>
    newestFirst(database, lead, range)
      .innerJoin('legs as callee', (join) =>
        join.onRef('callee.call_id', '=', 'calls.id').on('callee.role', '=', sql.lit<LegRole>('callee')),
      )
      .select([
        'calls.id',
        'calls.created_at as createdAt',
        'calls.user_id as userId',
        'calls.username',
        'calls.state',
        'calls.is_test as isTest',
        'calls.outcome',
        'calls.talk_ms as talkMs',
        'calls.ended_at as endedAt',
        'callee.called_at as calledAt',
        'callee.trunk',
        'callee.ringing_at as ringingAt',
        'callee.answered_at as answeredAt',
        'callee.ended_at as calleeEndedAt',
        'callee.sip_status as sipStatus',
        callerAnsweredAt.as('callerAnsweredAt'),
      ]),
  );

const forEachLead = <Query>(compile: (lead: Lead) => Query): Readonly<Record<Lead, Query>> => ({
  number: compile('number'),
  username: compile('username'),
  client_id: compile('client_id'),
  outcome: compile('outcome'),
  time: compile('time'),
});

/** The reads of the history, by the filter that leads. */
export const compileHistoryQueries = (database: Kysely<Schema>) => ({
  look: forEachLead((lead) => compileLook(database, lead)),
  count: forEachLead((lead) => compileCount(database, lead)),
  measure: forEachLead((lead) => compileMeasure(database, lead)),
});
