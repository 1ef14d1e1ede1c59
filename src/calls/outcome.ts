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

const NO_USER_RESPONDING = 18;
const NO_ANSWER_FROM_USER = 19;

/**
 * A 408 or 480 after ringing is a phone that was not taken; without ringing there was no phone (RFC 3261 sections 21.4.9 and
 * 21.4.18). A cause of 18 says no more than a 480, which stands for it (RFC 3398 section 7.2.4.1).
 */
const outcomeOfAbsence = ({ q850Cause }: LegCause, rang: boolean): Outcome =>
  rang || q850Cause === NO_ANSWER_FROM_USER ? 'no-answer' : 'unreachable';

/** What says no more than that it failed is told apart by the network's own cause (ITU-T Q.850), where it sent one. */
const outcomeOfResponse = (cause: LegCause, rang: boolean): Outcome => {
  const { sipStatus, q850Cause } = cause;
  if (sipStatus === null) return 'unreachable';
  if (sipStatus === 408 || sipStatus === 480) return outcomeOfAbsence(cause, rang);
  const isUnanswered = q850Cause === NO_USER_RESPONDING || q850Cause === NO_ANSWER_FROM_USER;
  return outcomeOfStatus[sipStatus] ?? (isUnanswered ? 'no-answer' : 'failed');
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

/** Before both had answered the caller gave up, but a callee that hung up is a call that failed. */
const endingOfHangUp = ({ leg }: HangUp): Ending => ({
  outcome: leg === 'caller' ? 'cancelled' : 'failed',
  endedBy: leg,
  endedLeg: leg,
});

const endingBeforeAnswer = (call: CallRecord, verdict: Verdict): Ending => {
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

const areBothAnswered = ({ legs }: CallRecord): boolean => legs.every(({ answeredAt }) => answeredAt !== null);

/**
 * What an engine's verdict makes of a call. Any end after both have answered is `completed`, also a hang-up before their
 * media are joined; but media that cannot be joined at all are a call that failed.
 */
export const endingOf = (call: CallRecord, verdict: Verdict): Ending => {
  const ending = endingBeforeAnswer(call, verdict);
  const isHangUp = verdict.by === 'hangup' || verdict.by === 'request';
  const isCompleted = call.connectedAt !== null || (isHangUp && areBothAnswered(call));
  return isCompleted ? { ...ending, outcome: 'completed' } : ending;
};

/** What a request of a person, or our own shutdown, makes of a call. */
export const endingOnRequest = (call: CallRecord, endedBy: EndedBy): Ending => ({
  outcome: areBothAnswered(call) ? 'completed' : 'cancelled',
  endedBy,
  endedLeg: null,
});

/** Whole seconds since the destination answered; null until the end, and for a call that is not `completed`. */
export const talkSeconds = ({ talkMs }: CallRecord): number | null =>
  talkMs === null ? null : Math.round(talkMs / 1000);
