import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { OverloadedError } from './errors.ts';

export interface CallAdmissionOptions {
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** How long what phones and trunks send waits now before it is read, in milliseconds. */
  readonly signallingDelayMs: () => number;
}

/**
 * Peers send again what is not answered within half a second (RFC 3261 section 17.1.1.1, T1), which makes what is too much
 * more. No new calls from here on, until half of it.
 */
const LATE_SIGNALLING_MS = 100;
/** Nobody is to wait longer to hear that there is no room: a new call that cannot begin within this is refused at once. */
const LATE_CALL_MS = 25;
/** So long nobody was refused: it is over. */
const QUIET_MS = 5000;
/** Those who were refused together do not come back together. */
const RETRY_SECONDS = [1, 2, 3] as const;

const refusals = RETRY_SECONDS.map((seconds) => new OverloadedError(seconds));

interface Episode {
  readonly since: number;
  refused: number;
  latest: number;
}

/**
 * Whether a new call can be served in time. What was admitted is carried through; what cannot be is refused before anything
 * is paid for it. It is told by how long things wait, so it follows the machine, cold or warm, alone or not.
 */
export class CallAdmission {
  readonly #options: CallAdmissionOptions;
  #signalling: 'in time' | 'late' = 'in time';
  #episode: Episode | undefined;

  constructor(options: CallAdmissionOptions) {
    this.#options = options;
  }

  /**
   * Asked once a call, before its token and its body are looked at.
   * @param waitingMs - how long the oldest call that was admitted waits to be begun
   * @returns the reason to refuse it; undefined where it is admitted
   */
  refusal(waitingMs: number): OverloadedError | undefined {
    if (!this.#isSignallingLate() && waitingMs <= LATE_CALL_MS) return undefined;
    this.#episode ??= this.#begin();
    this.#episode.refused += 1;
    this.#episode.latest = this.#options.clock.elapsed();
    return refusals[this.#episode.refused % refusals.length];
  }

  /** Whether calls were refused a moment ago. */
  get isOverloaded(): boolean {
    return this.#episode !== undefined;
  }

  #isSignallingLate(): boolean {
    const delayMs = this.#options.signallingDelayMs();
    const limitMs = this.#signalling === 'late' ? LATE_SIGNALLING_MS / 2 : LATE_SIGNALLING_MS;
    this.#signalling = delayMs > limitMs ? 'late' : 'in time';
    return this.#signalling === 'late';
  }

  #begin(): Episode {
    const { clock, log } = this.#options;
    const now = clock.elapsed();
    log.warn({}, 'more calls are placed than can be served in time: new ones are refused');
    this.#endLater(QUIET_MS);
    return { since: now, refused: 0, latest: now };
  }

  #endLater(delayMs: number): void {
    this.#options.clock.setTimer(delayMs, () => this.#endWhenQuiet());
  }

  #endWhenQuiet(): void {
    const { clock, log } = this.#options;
    if (this.#episode === undefined) return;
    const { since, refused, latest } = this.#episode;
    const restMs = latest + QUIET_MS - clock.elapsed();
    if (restMs > 0) {
      this.#endLater(restMs);
      return;
    }
    this.#episode = undefined;
    log.info({ refused, seconds: Math.round((latest - since) / 1000) }, 'all calls are taken again');
  }
}
