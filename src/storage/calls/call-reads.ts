import { type Kysely, sql } from 'kysely';
import type { LegRole } from '../../calls/call-state.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

/** An index of what has not ended serves a query only where the query names the state, not a parameter. */
const ended = sql.lit('ended' as const);

/** A call in one row, both legs beside it. */
export const selectCalls = (database: Kysely<Schema>) =>
  database
    .selectFrom('calls')
    .innerJoin('legs as caller', (join) =>
      join.onRef('caller.call_id', '=', 'calls.id').on('caller.role', '=', sql.lit<LegRole>('caller')),
    )
    .innerJoin('legs as callee', (join) =>
      join.onRef('callee.call_id', '=', 'calls.id').on('callee.role', '=', sql.lit<LegRole>('callee')),
    )
    .select([
      'calls.token_call as tokenCall',
      'calls.user_id as userId',
      'calls.username',
      'calls.client_id as clientId',
      'calls.number',
      'calls.node_id as nodeId',
      'calls.epoch',
      'calls.sequence',
      'calls.state',
      'calls.outcome',
      'calls.ended_by as endedBy',
      'calls.ended_leg as endedLeg',
      'calls.created_at as createdAt',
      'calls.is_test as isTest',
      'calls.answered_at as answeredAt',
      'calls.connected_at as connectedAt',
      'calls.ended_at as endedAt',
      'calls.talk_ms as talkMs',
      'caller.address as callerAddress',
      'caller.state as callerState',
      'caller.sip_status as callerSipStatus',
      'caller.q850_cause as callerQ850Cause',
      'caller.reason as callerReason',
      'caller.ringing_at as callerRingingAt',
      'caller.answered_at as callerAnsweredAt',
      'caller.ended_at as callerEndedAt',
      'callee.address as calleeAddress',
      'callee.state as calleeState',
      'callee.sip_status as calleeSipStatus',
      'callee.q850_cause as calleeQ850Cause',
      'callee.reason as calleeReason',
      'callee.ringing_at as calleeRingingAt',
      'callee.answered_at as calleeAnsweredAt',
      'callee.ended_at as calleeEndedAt',
    ]);

/** The reads of the journal. */
export const compileCallReads = (database: Kysely<Schema>) => {
  const calls = selectCalls(database);
  const oldestFirst = calls.orderBy('calls.created_at').orderBy('calls.id');
  // Named apart, so that the search begins at what has not ended, not at the legs of all calls that ever were.
  const ongoingIds = database.selectFrom('calls as ongoing').select('ongoing.id').where('ongoing.state', '<>', ended);
  const unfinishedIds = database.selectFrom('legs').select('call_id').where('state', '<>', ended);
  return {
    find: compileOnce(({ tokenCall }: { readonly tokenCall: string }) =>
      calls.where('calls.token_call', '=', tokenCall),
    ),
    ongoing: compileOnce(() => oldestFirst.where('calls.id', 'in', ongoingIds)),
    ongoingOf: compileOnce(({ userId }: { readonly userId: string }) =>
      oldestFirst.where('calls.state', '<>', ended).where('calls.user_id', '=', userId),
    ),
    usedSince: compileOnce(
      ({ userId, username, since }: { readonly userId: string; readonly username: string; readonly since: number }) =>
        database
          .selectFrom('calls')
          .select([
            'token_call as tokenCall',
            'created_at as createdAt',
            'answered_at as answeredAt',
            'ended_at as endedAt',
            'talk_ms as talkMs',
          ])
          // By name, which leads through the index of the history; by id, since another user may have had the name before.
          .where('username', '=', username)
          .where('user_id', '=', userId)
          .where('created_at', '>', since)
          .orderBy('created_at'),
    ),
    unfinishedElsewhere: compileOnce(({ nodeId }: { readonly nodeId: string }) =>
      oldestFirst
        .leftJoin('nodes', 'nodes.id', 'calls.node_id')
        .select('nodes.seen_at as nodeSeenAt')
        .where('calls.id', 'in', unfinishedIds)
        .where('calls.node_id', '<>', nodeId),
    ),
    endRequests: compileOnce(({ nodeId }: { readonly nodeId: string }) =>
      database
        .selectFrom('calls')
        .select(['token_call as tokenCall', 'end_requested_by as endedBy'])
        .where('node_id', '=', nodeId)
        .where('end_requested_by', 'is not', null)
        .where('state', '<>', ended),
    ),
    lastChange: compileOnce(({ tokenCall }: { readonly tokenCall: string }) =>
      database.selectFrom('calls').select('last_change as lastChange').where('token_call', '=', tokenCall),
    ),
  };
};
