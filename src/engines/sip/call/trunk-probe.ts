import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type { UserAgentFace } from '../../../sip/user-agent.ts';
import { optionsToTrunk, type SipTrunk } from './trunk-dialect.ts';
import type { TrunkHealth } from './trunk-health.ts';

export interface TrunkProbeOptions {
  readonly trunk: SipTrunk;
  readonly health: TrunkHealth;
  readonly userAgent: Pick<UserAgentFace, 'request'>;
  /** How often a trunk that works is asked, in seconds; 0: never. */
  readonly everySeconds: number;
  readonly clock: MonotonicClock;
}

/** How often it is looked whether a question is due. */
const LOOK_EVERY_MS = 5000;

/**
 * Asks a trunk by OPTIONS whether it is there (RFC 3261 section 11): one that is out of service every few seconds until
 * it answers, so that it is used again at once; any other as often as is configured.
 */
export class TrunkProbe {
  readonly #options: TrunkProbeOptions;
  #look: Timer | undefined;
  #askedAt: number;
  #state: 'idle' | 'asking' | 'closed' = 'idle';

  constructor(options: TrunkProbeOptions) {
    this.#options = options;
    this.#askedAt = options.clock.elapsed();
  }

  start(): Promise<void> {
    this.#lookLater();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#state = 'closed';
    this.#look?.cancel();
    return Promise.resolve();
  }

  #lookLater(): void {
    this.#look = this.#options.clock.setTimer(LOOK_EVERY_MS, () => {
      this.#lookLater();
      if (this.#state === 'idle' && this.#isDue()) void this.#ask();
    });
  }

  #isDue(): boolean {
    const { clock, everySeconds, health } = this.#options;
    if (health.isPassedOver) return true;
    return everySeconds > 0 && clock.elapsed() - this.#askedAt >= everySeconds * 1000;
  }

  async #ask(): Promise<void> {
    const { trunk, health, userAgent, clock } = this.#options;
    this.#state = 'asking';
    this.#askedAt = clock.elapsed();
    health.probing();
    const { status } = await userAgent.request(optionsToTrunk(trunk));
    if (this.#isClosed()) return;
    this.#state = 'idle';
    health.probed(status);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
