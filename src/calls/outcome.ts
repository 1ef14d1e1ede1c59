import type { LegCause, Verdict } from './call-engine.ts';
import type { CallRecord } from './call-record.ts';
import type { EndedBy, LegRole, Outcome } from './call-state.ts';

/** How a call ended, in the words of the API. */
export interface Ending {
  readonly outcome: Outcome;
  readonly endedBy: EndedBy;
  /** The leg that decided; null for a request. */
  readonly endedLeg: LegRole | null;
}

/** RFC 3261 section 21; 607 is RFC 8197, 608 RFC 8688. Every other final response is `failed`. */
const outcomeOfStatus: Readonly<Partial<Record<number, Outcome>>> = {
  404: 'unreachable',
  410: 'unreachable',
  480: 'unreachable',
  484: 'unreachable',
  486: 'busy',
  600: 'busy',
  603: 'declined',
  604: 'unreachable',
  607: 'declined',
  608: 'declined',
};

type Failure = Extract<Verdict, { by: 'failure' }>;
type HangUp = Extract<Verdict, { by: 'hangup' }>;

const hasRung = (call: CallRecord, role: LegRole): boolean =>
  call.legs.some((leg) => leg.role === role && leg.ringingAt !== null);

/** A 408 after ringing is a phone that was not taken; without ringing there was no phone (RFC 3261 section 21.4.9). */
const outcomeOfResponse = ({ sipStatus }: LegCause, rang: boolean): Outcome => {
  if (sipStatus === null) return 'unreachable';
  if (sipStatus === 408) return rang ? 'no-answer' : 'unreachable';
  return outcomeOfStatus[sipStatus] ?? 'failed';
};

const outcomeOfFailure = (call: CallRecord, { failure, leg, cause }: Failure): Outcome => {
  if (failure === 'timed-out') return 'no-answer';
  if (failure === 'unreachable') return 'unreachable';
  return outcomeOfResponse(cause, hasRung(call, leg));
};

const endingOfFailure = (call: CallRecord, verdict: Failure): Ending => ({
  outcome: outcomeOfFailure(call, verdict),
  endedBy: verdict.failure === 'response' && verdict.cause.sipStatus !== null ? verdict.leg : 'system',
  endedLeg: verdict.leg,
});

/** Before both were joined the caller gave up, but a callee that hung up is a call that failed. */
const endingOfHangUp = ({ leg }: HangUp): Ending => ({
  outcome: leg === 'caller' ? 'cancelled' : 'failed',
  endedBy: leg,
  endedLeg: leg,
});

const endingBeforeConnected = (call: CallRecord, verdict: Verdict): Ending => {
  switch (verdict.by) {
    case 'request':
      return { outcome: 'cancelled', endedBy: 'system', endedLeg: null };
    case 'hangup':
      return endingOfHangUp(verdict);
    case 'failure':
      return endingOfFailure(call, verdict);
    case 'engine':
      return { outcome: 'failed', endedBy: 'system', endedLeg: null };
  }
};

/** What an engine's verdict makes of a call. Any end after `connected` is `completed`. */
export const endingOf = (call: CallRecord, verdict: Verdict): Ending => {
  const ending = endingBeforeConnected(call, verdict);
  return call.connectedAt === null ? ending : { ...ending, outcome: 'completed' };
};

/** What a request of a person, or our own shutdown, makes of a call. */
export const endingOnRequest = (call: CallRecord, endedBy: EndedBy): Ending => ({
  outcome: call.connectedAt === null ? 'cancelled' : 'completed',
  endedBy,
  endedLeg: null,
});

/** Whole seconds of talk, without ringing; null until the end, and for a call that never connected. */
export const talkSeconds = ({ talkMs }: CallRecord): number | null =>
  talkMs === null ? null : Math.round(talkMs / 1000);
