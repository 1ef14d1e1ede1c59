import type { MonotonicClock } from '../../shared/clock.ts';
import type { AttemptResult } from './model.ts';
import { jittered, type Spread } from './schedule.ts';

/**
 *   untried ──▶ closed ──▶ open ──▶ closed
 *                  └──▶ paused ──▶ closed
 *
 * `untried`: this process has not heard of the receiver yet. `open`: it was away several times in a row, and is tried now
 * and then. `paused`: it asked for time.
 */
type CircuitState =
  | { readonly state: 'untried' }
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly since: number; readonly tryAt: number; readonly delayMs: number }
  | { readonly state: 'paused'; readonly since: number; readonly until: number };

const FAILURES_TO_OPEN = 3;
const FIRST_TRY_MS = 5000;
const LONGEST_TRY_MS = 60_000;
/** Of a proxy in front of a receiver that is not there. */
const awayStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** What may be sent: everything, one delivery to see whether the receiver is there, or nothing. */
export type Passage = 'all' | 'one' | 'none';

/** Whether a receiver is there. It is tried again by itself, at most a minute apart. */
export class ReceiverCircuit {
  readonly #clock: MonotonicClock;
  readonly #spread: Spread;
  #now: CircuitState = { state: 'untried' };

  constructor(clock: MonotonicClock, spread: Spread) {
    this.#clock = clock;
    this.#spread = spread;
  }

  get isOpen(): boolean {
    return this.#now.state === 'open';
  }

  passage(): Passage {
    const now = this.#now;
    switch (now.state) {
      case 'untried':
        return 'one';
      case 'closed':
        return 'all';
      case 'open':
        return this.#clock.elapsed() >= now.tryAt ? 'one' : 'none';
      case 'paused':
        return this.#clock.elapsed() >= now.until ? 'all' : 'none';
    }
  }

  /**
   * @param begunAt - when the attempt began, by the monotonic clock: what was under way already when the receiver turned out
   *   to be away is no news of it, and does not end a pause that it asked for
   * @returns `back` where the receiver answers after it did not, or for the first time: what waits need not wait longer;
   *   `away` where it opens with this
   */
  note(result: AttemptResult, begunAt: number): 'back' | 'away' | 'as-before' {
    const before = this.#now;
    if (this.#isOldNews(result, begunAt)) return 'as-before';
    this.#now = this.#after(result);
    const wasAway = before.state === 'untried' || before.state === 'open';
    if (wasAway && !isAway(result) && this.#now.state === 'closed') return 'back';
    return before.state !== 'open' && this.isOpen ? 'away' : 'as-before';
  }

  /** Something of ours went wrong: nothing is sent for a while. */
  noteFault(): void {
    this.#now = this.#opened(FIRST_TRY_MS);
  }

  #isOldNews(result: AttemptResult, begunAt: number): boolean {
    const now = this.#now;
    if (now.state === 'paused') return begunAt < now.since && pauseIn(result) === undefined;
    return now.state === 'open' && begunAt < now.since && isAway(result);
  }

  #after(result: AttemptResult): CircuitState {
    const pauseMs = pauseIn(result);
    if (pauseMs !== undefined) {
      const since = this.#clock.elapsed();
      return { state: 'paused', since, until: since + pauseMs };
    }
    return isAway(result) ? this.#afterFailure() : { state: 'closed', failures: 0 };
  }

  #afterFailure(): CircuitState {
    const now = this.#now;
    if (now.state === 'open') return this.#opened(Math.min(now.delayMs * 2, LONGEST_TRY_MS));
    const failures = now.state === 'closed' ? now.failures + 1 : 1;
    return failures < FAILURES_TO_OPEN ? { state: 'closed', failures } : this.#opened(FIRST_TRY_MS);
  }

  #opened(delayMs: number): CircuitState {
    const since = this.#clock.elapsed();
    return { state: 'open', since, tryAt: since + jittered(delayMs, this.#spread), delayMs };
  }
}

/** What the receiver asks for by `Retry-After`. */
const pauseIn = (result: AttemptResult): number | undefined =>
  result.kind === 'refused' ? result.retryAfterMs : undefined;

const isAway = (result: AttemptResult): boolean =>
  result.kind === 'failed' ? result.why === 'away' : result.kind === 'refused' && awayStatuses.has(result.status);
