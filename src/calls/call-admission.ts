import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { AdmissionRefusedError } from './errors.ts';

export interface CallAdmissionOptions {
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** How long what phones and trunks send waits now before it is read, in milliseconds. */
  readonly signallingDelayMs: () => number;
}

interface Limits {
  /** How long signalling may wait to be read. */
  readonly signallingMs: number;
  /** How long a new call may wait to be begun. */
  readonly callMs: number;
}

/**
 * A burst is served, though it takes a moment, and so is what the machine delays: peers send again only what is not
 * answered within half a second (RFC 3261 section 17.1.1.1, T1).
 */
const CALM: Limits = { signallingMs: 250, callMs: 500 };
/** Once there has been too much: nobody is to wait long only to hear that there is no room, and the rest is to catch up. */
const OVERLOADED: Limits = { signallingMs: 50, callMs: 25 };
/** So long nobody was refused: it is over. */
const QUIET_MS = 5000;
/** Those who were refused together do not come back together. */
const RETRY_SECONDS = [1, 2, 3] as const;

const refusals = RETRY_SECONDS.map((seconds) => new AdmissionRefusedError(seconds));

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
  #episode: Episode | undefined;
  #refused = 0;

  constructor(options: CallAdmissionOptions) {
    this.#options = options;
  }

  /**
   * Asked once a call, before its token and its body are looked at.
   * @param waitingMs - how long the oldest call that was admitted waits to be begun
   * @returns the reason to refuse it; undefined where it is admitted
   */
  refusal(waitingMs: number): AdmissionRefusedError | undefined {
    const { signallingMs, callMs } = this.isOverloaded ? OVERLOADED : CALM;
    if (waitingMs <= callMs && this.#options.signallingDelayMs() <= signallingMs) return undefined;
    this.#episode ??= this.#begin();
    this.#episode.refused += 1;
    this.#refused += 1;
    this.#episode.latest = this.#options.clock.elapsed();
    return refusals[this.#episode.refused % refusals.length];
  }

  /** How many calls were refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether a call was refused within the last seconds. */
  get isOverloaded(): boolean {
    return this.#episode !== undefined;
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
