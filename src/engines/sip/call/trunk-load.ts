import type { MonotonicClock } from '../../../shared/clock.ts';
import type { Session } from '../../../sip/user-agent.ts';

/** How many calls a trunk takes; 0: as many as there are. */
export interface TrunkLimits {
  readonly maxCalls: number;
  readonly maxCallsPerSecond: number;
}

const WINDOW_MS = 1000;

/**
 * What is on a trunk, against what it takes: a call too many is refused by the carrier, or costs a fine. A call counts from
 * its INVITE until the peer has confirmed its end.
 */
export class TrunkLoad {
  readonly #limits: TrunkLimits;
  readonly #clock: MonotonicClock;
  /** When the last INVITEs left, oldest first: as many as a second may have. */
  readonly #sentAt: number[] = [];
  #calls = 0;

  readonly #onEnded = (): void => {
    this.#calls -= 1;
  };

  constructor(limits: TrunkLimits, clock: MonotonicClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Whether one more call would be one too many now. */
  get isFull(): boolean {
    const { maxCalls, maxCallsPerSecond } = this.#limits;
    if (maxCalls > 0 && this.#calls >= maxCalls) return true;
    if (maxCallsPerSecond === 0 || this.#sentAt.length < maxCallsPerSecond) return false;
    return this.#clock.elapsed() - (this.#sentAt[0] ?? -Infinity) < WINDOW_MS;
  }

  /** Counts a call until its session ends. */
  take(session: Pick<Session, 'on'>): void {
    this.#calls += 1;
    session.on('ended', this.#onEnded);
    if (this.#limits.maxCallsPerSecond === 0) return;
    this.#sentAt.push(this.#clock.elapsed());
    if (this.#sentAt.length > this.#limits.maxCallsPerSecond) this.#sentAt.shift();
  }
}
