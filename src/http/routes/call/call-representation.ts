import type { CallRecord, LegRecord } from '../../../calls/call-record.ts';
import { talkSeconds } from '../../../calls/outcome.ts';
import type { XmlObject } from '../../xml.ts';

const isoTime = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();

const representLeg = (leg: LegRecord): XmlObject => ({
  role: leg.role,
  address: leg.address,
  state: leg.state,
  sip_status: leg.sipStatus,
  q850_cause: leg.q850Cause,
  reason: leg.reason,
  ringing_at: isoTime(leg.ringingAt),
  answered_at: isoTime(leg.answeredAt),
  ended_at: isoTime(leg.endedAt),
});

/** Where a call can be asked for. `token_call` is base64url and needs no escaping. */
export const callHref = (publicUrl: string, tokenCall: string): string =>
  `${publicUrl}/rest/call?token_call=${tokenCall}`;

/** The call as the API shows it, the same in every place. */
export const representCall = (call: CallRecord, publicUrl: string): XmlObject => ({
  token_call: call.tokenCall,
  href: callHref(publicUrl, call.tokenCall),
  state: call.state,
  outcome: call.outcome,
  ended_by: call.endedBy,
  ended_leg: call.endedLeg,
  number: call.number,
  user: call.username,
  client: call.clientId,
  created_at: isoTime(call.createdAt),
  answered_at: isoTime(call.answeredAt),
  connected_at: isoTime(call.connectedAt),
  ended_at: isoTime(call.endedAt),
  talk_seconds: talkSeconds(call),
  ...(call.purpose === 'test' && { test: true }),
  legs: call.legs.map(representLeg),
});
