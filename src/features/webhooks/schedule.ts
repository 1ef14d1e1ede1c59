const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long after each attempt that failed the next one comes: nine attempts in some 45 hours. */
const delaysMs = [
  ...[5 * SECOND_MS, 30 * SECOND_MS],
  ...[5 * MINUTE_MS, 30 * MINUTE_MS],
  ...[2 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS],
] as const;

const JITTER = 0.1;

/** A number from 0 to 1, that spreads what would otherwise come all at once. */
export type Spread = () => number;

/** A tenth less to a tenth more. */
export const jittered = (delayMs: number, spread: Spread): number =>
  Math.round(delayMs * (1 - JITTER + 2 * JITTER * spread()));

/** How long until the next attempt, after so many steps; undefined where that was the last. */
export const delayAfter = (step: number, spread: Spread): number | undefined => {
  const delay = delaysMs[step];
  return delay === undefined ? undefined : jittered(delay, spread);
};
