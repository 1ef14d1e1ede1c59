import type { CallContext } from '../calls/call-events.ts';
import type { CallRecord, LegRecord } from '../calls/call-record.ts';
import type { CallService } from '../calls/call-service.ts';
import type { Log } from '../shared/log.ts';

const HIDDEN_DIGITS = 4;
const LONGEST_EXTENSION = 6;

/** Numbers are personal data: enough of one is shown for its route and its country. The journal has all of it. */
const masked = (number: string): string =>
  number.length > LONGEST_EXTENSION ? number.slice(0, -HIDDEN_DIGITS) + '*'.repeat(HIDDEN_DIGITS) : number;

/** How far a leg came. One that was called has a reason in the end. */
const reachedBy = ({ answeredAt, ringingAt, reason }: LegRecord): 'answered' | 'ringing' | 'calling' | 'nothing' => {
  if (answeredAt !== null) return 'answered';
  if (ringingAt !== null) return 'ringing';
  return reason === null ? 'nothing' : 'calling';
};

/** How long it rang, by its dates: null where it did not. */
const ringMs = ({ ringingAt, answeredAt, endedAt }: LegRecord): number | null =>
  ringingAt === null ? null : (answeredAt ?? endedAt ?? ringingAt) - ringingAt;

const fieldsOfLeg = (leg: LegRecord) => ({
  reached: reachedBy(leg),
  sip_status: leg.sipStatus,
  q850_cause: leg.q850Cause,
  reason: leg.reason,
  ring_ms: ringMs(leg),
});

const withoutNulls = (fields: Readonly<Record<string, unknown>>): object => {
  const kept: Record<string, unknown> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== null && value !== undefined) kept[name] = value;
  }
  return kept;
};

/** One line for a call that is over: how it ended, why, and what became of each leg, in the words of the API. */
export const logEnd = (log: Log, call: CallRecord, context?: CallContext): void => {
  const [caller, callee] = call.legs;
  const fields = {
    token_call: call.tokenCall,
    user: call.username,
    client: call.clientId,
    number: masked(call.number),
    test: call.purpose === 'test' ? true : null,
    outcome: call.outcome,
    ended_by: call.endedBy,
    ended_leg: call.endedLeg,
    total_ms: (call.endedAt ?? call.createdAt) - call.createdAt,
    talk_ms: call.talkMs,
    trunk: context?.trunk,
    caller: withoutNulls(fieldsOfLeg(caller)),
    callee: withoutNulls(fieldsOfLeg(callee)),
    request_id: context?.origin?.requestId,
    trace_id: context?.origin?.traceId,
  };
  log.info(withoutNulls(fields), 'call ended');
};

/** Writes that line for each call once its last leg is gone: only then are the causes of both known. */
export const logEnds = (calls: CallService, log: Log): void => {
  calls.on('changed', (call, { name }, context) => {
    if (name !== 'leg.ended' && name !== 'call.ended') return;
    if (call.state === 'ended' && call.legs.every((leg) => leg.state === 'ended')) logEnd(log, call, context);
  });
};
