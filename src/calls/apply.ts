import type { LegCause } from './call-engine.ts';
import type { CallEvent, CallEventPayloads } from './call-events.ts';
import type { CallRecord, LegRecord } from './call-record.ts';
import { callTransitions, type LegRole, legTransitions } from './call-state.ts';

/*
 * What an event makes of a call, as a pure function. A live call and one that is read again from its events go through
 * here alike, so that they cannot differ.
 */

export const legOf = (call: CallRecord, role: LegRole): LegRecord => call.legs[role === 'caller' ? 0 : 1];

const withLeg = (call: CallRecord, role: LegRole, changes: Partial<LegRecord>): CallRecord => {
  const [caller, callee] = call.legs;
  return {
    ...call,
    legs: role === 'caller' ? [{ ...caller, ...changes }, callee] : [caller, { ...callee, ...changes }],
  };
};

/** What a cause tells of a leg; what it leaves open stays as it was. */
export const causeOf = (leg: LegRecord, { sipStatus, q850Cause, reason }: LegCause) => ({
  sipStatus: sipStatus ?? leg.sipStatus,
  q850Cause: q850Cause ?? leg.q850Cause,
  reason,
});

/** A leg that was called is still to be taken down; one that was not has nothing to wait for. */
const leaving = (leg: LegRecord, at: number): LegRecord => {
  if (leg.state === 'created') return { ...leg, state: 'ended', endedAt: at };
  return legTransitions[leg.state].includes('ending') ? { ...leg, state: 'ending' } : leg;
};

/** The deciding leg shows why already when the end is published; its own `leg.ended` follows. */
const ended = (before: CallRecord, { cause, ...end }: CallEventPayloads['call.ended'], at: number): CallRecord => {
  const { endedLeg } = end;
  const decided =
    endedLeg === null || cause === null ? before : withLeg(before, endedLeg, causeOf(legOf(before, endedLeg), cause));
  const [caller, callee] = decided.legs;
  return { ...decided, ...end, state: 'ended', endedAt: at, legs: [leaving(caller, at), leaving(callee, at)] };
};

const answered = (
  before: CallRecord,
  { leg, sipStatus }: CallEventPayloads['leg.answered'],
  at: number,
): CallRecord => {
  const call = withLeg(before, leg, { state: 'answered', sipStatus, answeredAt: at });
  return leg === 'callee' ? { ...call, answeredAt: at } : call;
};

/** The call's own changes; undefined where the event is one of a leg. */
const appliedToCall = (before: CallRecord, event: CallEvent): CallRecord | undefined => {
  switch (event.name) {
    case 'call.created':
      return before;
    case 'call.calling':
      return { ...before, state: 'calling' };
    case 'call.dialling':
      return { ...before, state: 'dialling' };
    case 'call.connected':
      return { ...before, state: 'connected', connectedAt: event.at };
    case 'call.ended':
      return ended(before, event.payload, event.at);
    default:
      return undefined;
  }
};

const appliedToLeg = (before: CallRecord, event: CallEvent): CallRecord => {
  switch (event.name) {
    case 'leg.calling':
      return withLeg(before, event.payload.leg, { state: 'calling', address: event.payload.address });
    case 'leg.ringing': {
      const { leg, sipStatus } = event.payload;
      return withLeg(before, leg, { state: 'ringing', sipStatus, ringingAt: event.at });
    }
    case 'leg.answered':
      return answered(before, event.payload, event.at);
    case 'leg.ended': {
      const { leg, ...cause } = event.payload;
      return withLeg(before, leg, { ...cause, state: 'ended', endedAt: event.at });
    }
    default:
      return before;
  }
};

/** The call after an event. Whether the event may follow is decided before (see advance.ts). */
export const apply = (before: CallRecord, event: CallEvent): CallRecord => ({
  ...(appliedToCall(before, event) ?? appliedToLeg(before, event)),
  sequence: event.sequence,
});

/** Whether a call may end: it does so once. */
export const mayEnd = (call: CallRecord): boolean => callTransitions[call.state].includes('ended');
