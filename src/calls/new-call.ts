import type { Requester } from './call-command.ts';
import type { CallPlan, Endpoint } from './call-engine.ts';
import type { LegRole } from './call-state.ts';
import type { CallRecord, LegRecord } from './call-store.ts';

/** Until a leg is called, what was configured stands for its address. */
const addressOf = ([endpoint]: readonly Endpoint[]): string => {
  if (endpoint === undefined) return '';
  if (endpoint.kind === 'registered') return endpoint.account;
  return endpoint.kind === 'address' ? endpoint.uri : endpoint.number;
};

const newLeg = (role: LegRole, endpoints: readonly Endpoint[]): LegRecord => ({
  role,
  address: addressOf(endpoints),
  state: 'created',
  sipStatus: null,
  q850Cause: null,
  reason: null,
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
});

/** A call as it is before anything has happened to it. */
export const newCall = (plan: CallPlan, requester: Requester, createdAt: number): CallRecord => ({
  tokenCall: plan.tokenCall,
  userId: requester.userId,
  username: requester.username,
  clientId: requester.clientId,
  number: plan.destinationDisplay,
  state: 'created',
  outcome: null,
  endedBy: null,
  endedLeg: null,
  createdAt,
  answeredAt: null,
  connectedAt: null,
  endedAt: null,
  legs: [newLeg('caller', plan.caller), newLeg('callee', plan.callee)],
});
