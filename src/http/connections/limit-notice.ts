import type { MonotonicClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';

export interface LimitNoticeOptions {
  /** As the log names it. */
  readonly limit: string;
  readonly most: number;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/** So long must a limit have been kept before it is told to be over. */
const CALM_MS = 10_000;

type State =
  { readonly state: 'calm' } | { readonly state: 'reached'; readonly since: number; last: number; refused: number };

/** Tells the log once when a limit begins to be reached, and once when that is over. */
export class LimitNotice {
  readonly #options: LimitNoticeOptions;
  #state: State = { state: 'calm' };

  constructor(options: LimitNoticeOptions) {
    this.#options = options;
  }

  /** Something was refused or closed. @param ip - whose it was */
  reached(ip: string | undefined): void {
    const { limit, most, clock, log } = this.#options;
    const now = clock.elapsed();
    if (this.#state.state === 'reached') {
      this.#state.last = now;
      this.#state.refused += 1;
      return;
    }
    this.#state = { state: 'reached', since: now, last: now, refused: 1 };
    log.warn({ limit, most, ip }, 'HTTP is at a limit');
  }

  /** To be called now and then. */
  look(): void {
    const { limit, clock, log } = this.#options;
    if (this.#state.state === 'calm' || clock.elapsed() - this.#state.last < CALM_MS) return;
    const { since, last, refused } = this.#state;
    this.#state = { state: 'calm' };
    log.info({ limit, refused, for_ms: Math.round(last - since) }, 'HTTP is below a limit again');
  }
}
