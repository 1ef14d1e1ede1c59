import type { Requester } from './call-command.ts';
import type { CallPlan, Endpoint, TestPlan } from './call-engine.ts';
import { type CallEvent, eventOf } from './call-events.ts';
import type { CallIdentity, CallOwner, CallRecord, LegRecord } from './call-record.ts';
import type { LegRole } from './call-state.ts';

/** Until a leg is called, what was configured stands for its address. */
const addressOf = ([endpoint]: readonly Endpoint[]): string => {
  if (endpoint === undefined) return '';
  if (endpoint.kind === 'registered') return endpoint.account;
  if (endpoint.kind === 'pattern') return endpoint.digits;
  return endpoint.kind === 'address' ? endpoint.uri : endpoint.number;
};

const newLeg = (role: LegRole, address: string): LegRecord => ({
  role,
  address,
  state: 'created',
  sipStatus: null,
  q850Cause: null,
  reason: null,
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
});

/** A call as it is before anything has happened to it. */
export const untouchedCall = (
  identity: CallIdentity,
  owner: CallOwner,
  [caller, callee]: readonly [caller: string, callee: string],
): CallRecord => ({
  tokenCall: identity.tokenCall,
  userId: identity.userId,
  username: identity.username,
  clientId: identity.clientId,
  number: identity.number,
  createdAt: identity.createdAt,
  purpose: identity.purpose,
  owner,
  sequence: 1,
  state: 'created',
  outcome: null,
  endedBy: null,
  endedLeg: null,
  answeredAt: null,
  connectedAt: null,
  endedAt: null,
  talkMs: null,
  legs: [newLeg('caller', caller), newLeg('callee', callee)],
});

interface Creation {
  readonly requester: Requester;
  /** The node that is to carry the call. */
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What the caller's leg of a test call shows: no phone of a user. */
const TEST_PHONE = 'test-phone';

/** The call that a plan begins. */
export const newCall = (plan: CallPlan | TestPlan, { requester, nodeId, createdAt }: Creation): CallRecord => {
  const { userId, username, clientId } = requester;
  const { tokenCall, destinationDisplay: number } = plan;
  const isTest = 'script' in plan;
  const purpose = isTest ? 'test' : 'talk';
  const caller = isTest ? TEST_PHONE : addressOf(plan.caller);
  const identity = { tokenCall, userId, username, clientId, number, createdAt, purpose } as const;
  return untouchedCall(identity, { nodeId, epoch: 1 }, [caller, addressOf(plan.callee)]);
};

/** The first event of a new call. */
export const createdEvent = ({ createdAt, sequence, legs }: CallRecord, callerId: string | null): CallEvent => {
  const [caller, callee] = legs;
  const payload = { callerId, callerAddress: caller.address, calleeAddress: callee.address };
  return eventOf({ name: 'call.created', payload }, sequence, createdAt);
};
