import type { Clock, Timer, WallClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Stores } from '../storage/stores.ts';

export interface SweeperOptions {
  readonly stores: Pick<Stores, 'sweep'>;
  /** When tokens were last used: noted in memory, and written with each sweep. */
  readonly tokenUses: { flush(): Promise<void> };
  readonly clock: Clock;
  /** Dates registrations of phones. */
  readonly steadyClock: WallClock;
  readonly log: Log;
}

const EVERY_MS = 60_000;

/** Deletes once a minute what has expired, and writes what was noted meanwhile. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: Timer | undefined;
  #state: 'running' | 'closed' = 'running';

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#sweepLater();
  }

  /** Sweeps no more, and writes what is noted. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#timer?.cancel();
    await this.#options.tokenUses.flush();
  }

  #sweepLater(): void {
    this.#timer = this.#options.clock.setTimer(EVERY_MS, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    const { stores, tokenUses, clock, steadyClock, log } = this.#options;
    try {
      await tokenUses.flush();
      await stores.sweep(clock.now(), steadyClock.now());
    } catch (error) {
      log.error({ err: error }, 'expired rows could not be deleted');
    }
    if (this.#state === 'running') this.#sweepLater();
  }
}
