import type { CompiledQuery } from 'kysely';
import type { CallPurpose, CallRecord } from '../../calls/call-record.ts';
import type { compileCallReads } from './call-reads.ts';

type RowOf<Query> = Query extends (values: never) => CompiledQuery<infer Row> ? Row : never;

type CallRow = RowOf<ReturnType<typeof compileCallReads>['find']>;

export const purposeOf = (isTest: number): CallPurpose => (isTest === 1 ? 'test' : 'talk');

/** Folds the one row of a call and its legs. */
export const toCall = (row: CallRow): CallRecord => ({
  tokenCall: row.tokenCall,
  userId: row.userId,
  username: row.username,
  clientId: row.clientId,
  number: row.number,
  createdAt: row.createdAt,
  purpose: purposeOf(row.isTest),
  owner: { nodeId: row.nodeId, epoch: row.epoch },
  sequence: row.sequence,
  state: row.state,
  outcome: row.outcome,
  endedBy: row.endedBy,
  endedLeg: row.endedLeg,
  answeredAt: row.answeredAt,
  connectedAt: row.connectedAt,
  endedAt: row.endedAt,
  talkMs: row.talkMs,
  legs: [
    {
      role: 'caller',
      address: row.callerAddress,
      state: row.callerState,
      sipStatus: row.callerSipStatus,
      q850Cause: row.callerQ850Cause,
      reason: row.callerReason,
      ringingAt: row.callerRingingAt,
      answeredAt: row.callerAnsweredAt,
      endedAt: row.callerEndedAt,
    },
    {
      role: 'callee',
      address: row.calleeAddress,
      state: row.calleeState,
      sipStatus: row.calleeSipStatus,
      q850Cause: row.calleeQ850Cause,
      reason: row.calleeReason,
      ringingAt: row.calleeRingingAt,
      answeredAt: row.calleeAnsweredAt,
      endedAt: row.calleeEndedAt,
    },
  ],
});
