/*
 * The session establishment rate by the algorithm of RFC 7502 section 4.10. Taken from it: the rate rises by a weight
 * while every session of an attempt succeeds and falls by another where one does not, each failure halves the weights down
 * to a least one, and it has converged once rates that are not above the highest one have succeeded so many times.
 *
 * Ours, since an attempt that fails takes a minute: the rate is halved until one has succeeded, rises no farther than
 * half-way to one that failed, and no more once that is within the least weight. One that succeeded once and failed later is
 * not the highest.
 * The weights (there 0.1), the confirmations (there 10) and the length of an attempt (there 50,000 sessions) are arguments.
 */
export interface HighestRateOptions {
  /** Sessions a second, where the search begins. */
  readonly start: number;
  /** By how much the rate rises at first, as a share of it. It falls by half as much. */
  readonly increase: number;
  readonly leastWeight: number;
  /** How often a rate that is not above the highest one must succeed. */
  readonly confirmations: number;
  /** Attempts so many sessions a second. @returns whether every one of them succeeded */
  readonly attempt: (rate: number) => Promise<boolean>;
}

/** @returns the highest rate at which no session failed; 0 when there is none */
export const findHighestRate = async (options: HighestRateOptions): Promise<number> => {
  const { start, leastWeight, confirmations, attempt } = options;
  let [rate, increase, decrease] = [start, options.increase, Math.max(leastWeight, options.increase / 2)];
  let [highest, lowestFailed, confirmed] = [0, Infinity, 0];
  let hasSucceeded = false;
  while (rate >= 1) {
    if (await attempt(rate)) {
      hasSucceeded = true;
      if (rate > highest) highest = rate;
      else confirmed += 1;
      if (confirmed >= confirmations) return highest;
      const isNear = highest * (1 + leastWeight) >= lowestFailed;
      rate = isNear ? highest : Math.floor(Math.min(rate * (1 + increase), (highest + lowestFailed) / 2));
    } else {
      if (rate <= highest) [highest, confirmed] = [0, 0];
      lowestFailed = Math.min(lowestFailed, rate);
      rate = Math.floor(hasSucceeded ? rate * (1 - decrease) : rate / 2);
      if (hasSucceeded) {
        [increase, decrease] = [Math.max(leastWeight, increase / 2), Math.max(leastWeight, decrease / 2)];
      }
    }
  }
  return 0;
};
