import type { RelayPlan } from './rtp-relay.ts';
import { seededRandom } from './seeded-random.ts';

/** Every packet comes, so much later. */
export const delayedBy =
  (ms: number): RelayPlan =>
  () => ({ kind: 'delayed', ms });

export interface LossyPlan {
  readonly seed: number;
  /** 0 to 100; each packet is lost by chance, that of the seed. */
  readonly lossPercent: number;
  readonly delayMs: number;
  /** Each packet comes by so much later at the most, all delays equally often. */
  readonly jitterMs: number;
  /** 0 to 100; so many come later than any playout buffer waits. None by default. */
  readonly latePercent?: number;
}

const TOO_LATE_MS = 120;

/** Loss and jitter by a seed. The first packet is neither lost nor late: by it the delay is known. */
export const lossyPlan = ({ seed, lossPercent, delayMs, jitterMs, latePercent = 0 }: LossyPlan): RelayPlan => {
  const random = seededRandom(seed);
  return (index) => {
    const [chance, late] = [random() * 100, random() * jitterMs];
    if (index === 0) return { kind: 'delayed', ms: delayMs };
    if (chance < lossPercent) return { kind: 'lost' };
    return { kind: 'delayed', ms: delayMs + late + (chance < lossPercent + latePercent ? TOO_LATE_MS : 0) };
  };
};
