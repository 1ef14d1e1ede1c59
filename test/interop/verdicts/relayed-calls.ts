/** A call to an echo, through a relay which loses and delays what comes back. */
export interface RelayedCall {
  readonly seed: number;
  readonly lossPercent: number;
  /** The way there and back. */
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly latePercent?: number;
}

export const relayedCalls: readonly RelayedCall[] = [
  { seed: 1, lossPercent: 0, delayMs: 40, jitterMs: 0 },
  { seed: 2, lossPercent: 1, delayMs: 40, jitterMs: 0 },
  { seed: 3, lossPercent: 3, delayMs: 100, jitterMs: 10 },
  { seed: 4, lossPercent: 5, delayMs: 100, jitterMs: 30 },
  { seed: 5, lossPercent: 10, delayMs: 200, jitterMs: 20 },
  { seed: 6, lossPercent: 20, delayMs: 200, jitterMs: 0 },
  { seed: 7, lossPercent: 2, delayMs: 400, jitterMs: 40 },
  // Later than the playout buffer of 60 ms waits: they are thrown away.
  { seed: 8, lossPercent: 1, delayMs: 100, jitterMs: 20, latePercent: 8 },
];
