import { abandonLegs, end } from '../advance.ts';
import type { CallEvent } from '../call-events.ts';
import type { CallRecord } from '../call-record.ts';
import type { Ending } from '../outcome.ts';

/** A call whose story is over, and the events that tell of it. */
export interface ClosedCall {
  readonly call: CallRecord;
  readonly events: readonly CallEvent[];
}

interface Abandonment {
  readonly ending: Ending;
  /** The word that its legs show. */
  readonly reason: string;
  /** Milliseconds since the epoch: when the call is taken to have ended. */
  readonly at: number;
}

/**
 * Ends a call that no engine carries, where it had not ended, and then each leg. Nobody measured how long its parties
 * talked: their talk is the difference of two dates.
 */
export const closeAbandoned = (call: CallRecord, { ending, reason, at }: Abandonment): ClosedCall => {
  const date = Math.max(at, lastDateOf(call));
  const talkMs = call.answeredAt === null ? null : date - call.answeredAt;
  const ended = end(call, { ...ending, cause: null }, { at: date, talkMs });
  const changes = [
    ...ended,
    ...abandonLegs(ended.at(-1)?.call ?? call, { sipStatus: null, q850Cause: null, reason }, date),
  ];
  return { call: changes.at(-1)?.call ?? call, events: changes.map(({ event }) => event) };
};

/** Dates of one call never go back. */
const lastDateOf = ({ createdAt, answeredAt, connectedAt, endedAt, legs }: CallRecord): number =>
  Math.max(
    ...[createdAt, answeredAt, connectedAt, endedAt, ...legs.flatMap((leg) => [leg.ringingAt, leg.answeredAt])].map(
      (date) => date ?? createdAt,
    ),
  );
