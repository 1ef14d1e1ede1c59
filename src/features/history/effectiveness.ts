import type { Outcome } from '../../calls/call-state.ts';
import type { MeasuredCall } from './model.ts';

type Callee = MeasuredCall['callee'];

const always = (): boolean => true;
const never = (): boolean => false;
const hasRung = ({ ringingAt }: Callee): boolean => ringingAt !== null;

/** RFC 3261 section 21.4.18: the destination is known, and not there. */
const TEMPORARILY_UNAVAILABLE = 480;

/**
 * Whether the network did its part in an attempt that was not answered, as docs/history.md says it: ITU-T E.425 counts
 * answers, busy, no answer, and what the terminal rejects or is not there for; RFC 6076 section 4.7 names the responses.
 */
const effectiveUnanswered: Readonly<Record<Outcome, (callee: Callee) => boolean>> = {
  completed: always,
  busy: always,
  declined: always,
  'no-answer': always,
  unreachable: ({ sipStatus }) => sipStatus === TEMPORARILY_UNAVAILABLE,
  // Given up while it rang is ringing without an answer.
  cancelled: hasRung,
  failed: never,
  lost: never,
};

/** Whether the destination was called: without that a call says nothing of the network behind it. */
export const isAttempt = ({ callee }: MeasuredCall): boolean => callee.wasCalled;

export const isAnswered = ({ callee }: MeasuredCall): boolean => callee.answeredAt !== null;

/** Whether an attempt counts for the network effectiveness ratio. */
export const isEffective = (call: MeasuredCall): boolean =>
  isAnswered(call) || effectiveUnanswered[call.outcome](call.callee);

/** How long the destination rang until it answered, or until it was over; undefined where it did not, or it is not known. */
export const ringTime = ({ callee }: MeasuredCall): number | undefined => {
  const overAt = callee.answeredAt ?? callee.endedAt;
  return callee.ringingAt === null || overAt === null ? undefined : overAt - callee.ringingAt;
};

/** Milliseconds from the INVITE to the first sign of progress; undefined where there was none, or it is not known. */
export const postDialDelay = ({ callee }: MeasuredCall): number | undefined => {
  const progressAt = callee.ringingAt ?? callee.answeredAt;
  return callee.calledAt === null || progressAt === null ? undefined : progressAt - callee.calledAt;
};
