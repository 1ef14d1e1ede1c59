import type { CallRecord } from './call-record.ts';

/** What one call takes of its user's day. */
export interface CallUse {
  readonly tokenCall: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** What was talked; of a call that has not ended, until now. */
  readonly talkMs: number;
}

/** How much a user may do in 24 hours; 0: no limit. */
export interface DailyLimits {
  readonly calls: number;
  readonly minutes: number;
}

/** A limit that is reached, and when it lets the next call through. */
export interface DayUsedUp {
  readonly reason: 'calls-per-day' | 'minutes-per-day';
  /** Milliseconds since the epoch. */
  readonly againAt: number;
}

export const DAY_MS = 24 * 60 * 60 * 1000;

const talkOf = ({ answeredAt, endedAt, talkMs }: CallRecord, now: number): number => {
  if (talkMs !== null) return talkMs;
  return answeredAt === null || endedAt !== null ? 0 : Math.max(0, now - answeredAt);
};

/** What a call takes of the day as it is now. */
export const useOf = (call: CallRecord, now: number): CallUse => ({
  tokenCall: call.tokenCall,
  createdAt: call.createdAt,
  talkMs: talkOf(call, now),
});

/** The calls of the last 24 hours, oldest first: those of the journal, and those that it may not have yet. */
export const lastDay = (
  journalled: readonly CallUse[],
  ongoing: readonly CallUse[],
  now: number,
): readonly CallUse[] => {
  const uses = new Map([...journalled, ...ongoing].map((use) => [use.tokenCall, use]));
  return [...uses.values()]
    .filter(({ createdAt }) => createdAt > now - DAY_MS)
    .toSorted((one, other) => one.createdAt - other.createdAt);
};

/**
 * The limit that the last 24 hours have used up; undefined while there is room.
 * @param uses - oldest first
 */
export const usedUp = (uses: readonly CallUse[], { calls, minutes }: DailyLimits): DayUsedUp | undefined => {
  const oldest = calls > 0 ? uses[uses.length - calls] : undefined;
  if (oldest !== undefined) return { reason: 'calls-per-day', againAt: oldest.createdAt + DAY_MS };
  return minutes > 0 ? talkedOut(uses, minutes * 60_000) : undefined;
};

const talkedOut = (uses: readonly CallUse[], mostMs: number): DayUsedUp | undefined => {
  let leftMs = uses.reduce((sum, { talkMs }) => sum + talkMs, 0);
  if (leftMs < mostMs) return undefined;
  // The day gives back what its oldest calls took, one after the other.
  const last = uses.find(({ talkMs }) => (leftMs -= talkMs) < mostMs);
  return last && { reason: 'minutes-per-day', againAt: last.createdAt + DAY_MS };
};
