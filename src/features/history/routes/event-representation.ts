import type { CallEvent, CallEventPayloads } from '../../../calls/call-events.ts';
import type { CallRecord } from '../../../calls/call-record.ts';
import type { XmlObject } from '../../../http/xml.ts';

const SECOND_MS = 1000;

const representEnd = ({ outcome, endedBy, endedLeg, talkMs, cause }: CallEventPayloads['call.ended']): XmlObject => ({
  outcome,
  ended_by: endedBy,
  ended_leg: endedLeg,
  talk_seconds: talkMs === null ? null : Math.round(talkMs / SECOND_MS),
  sip_status: cause?.sipStatus ?? null,
  q850_cause: cause?.q850Cause ?? null,
  reason: cause?.reason ?? null,
});

/** What an event brought, in the words of the API. */
const representFacts = (event: CallEvent): XmlObject => {
  switch (event.name) {
    case 'call.created': {
      const { callerId, callerAddress, calleeAddress } = event.payload;
      return { caller_id: callerId, caller_address: callerAddress, callee_address: calleeAddress };
    }
    case 'call.ended':
      return representEnd(event.payload);
    case 'leg.calling':
      return { leg: event.payload.leg, address: event.payload.address, trunk: event.payload.trunk };
    case 'leg.ringing':
    case 'leg.answered':
      return { leg: event.payload.leg, sip_status: event.payload.sipStatus };
    case 'leg.ended': {
      const { leg, sipStatus, q850Cause, reason } = event.payload;
      return { leg, sip_status: sipStatus, q850_cause: q850Cause, reason };
    }
    default:
      return {};
  }
};

const representEvent = (event: CallEvent): XmlObject => ({
  event: event.name,
  sequence: event.sequence,
  at: new Date(event.at).toISOString(),
  ...representFacts(event),
});

const isSettled = ({ state, legs }: CallRecord): boolean =>
  state === 'ended' && legs.every((leg) => leg.state === 'ended');

/**
 * The timeline of a call: what happened up to the call as it is given, in its order. The last entry of one that is over is
 * `call.settled`, as subscribers are told it.
 */
export const representTimeline = (call: CallRecord, events: readonly CallEvent[]): readonly XmlObject[] => {
  const entries = events.filter(({ sequence }) => sequence <= call.sequence).map(representEvent);
  const last = entries.at(-1);
  if (last === undefined || !isSettled(call)) return entries;
  return [...entries, { event: 'call.settled', sequence: call.sequence, at: last['at'] ?? null }];
};
