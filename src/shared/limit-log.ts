import type { MonotonicClock } from './clock.ts';
import type { Log } from './log.ts';

const WINDOW_MS = 60_000;
/** So many addresses are told apart in the count. */
const MAX_ADDRESSES = 1000;

/** What a limit met since its last line. */
interface Bout {
  readonly beganAt: number;
  readonly addresses: Set<string>;
  /** Since it began, and since the last line. */
  total: number;
  count: number;
  latest: string;
}

export interface LimitLogOptions {
  readonly log: Log;
  readonly clock: MonotonicClock;
  readonly port: 'SIP' | 'HTTP';
  /** As operators know it: `requests of an address`. */
  readonly limit: string;
}

/** Writes that a limit of a port bites: at once when it begins, then a line a minute, and one when a minute was quiet. */
export class LimitLog {
  readonly #options: LimitLogOptions;
  #bout: Bout | undefined;

  constructor(options: LimitLogOptions) {
    this.#options = options;
  }

  /** @param address - of the peer that met it */
  add(address: string): void {
    const bout = this.#bout ?? this.#begin(address);
    bout.total += 1;
    bout.count += 1;
    bout.latest = address;
    if (bout.addresses.size < MAX_ADDRESSES) bout.addresses.add(address);
    if (bout.total === 1) this.#warn(bout);
  }

  #begin(latest: string): Bout {
    const { clock } = this.#options;
    const bout: Bout = { beganAt: clock.elapsed(), addresses: new Set(), total: 0, count: 0, latest };
    this.#bout = bout;
    clock.setTimer(WINDOW_MS, () => this.#onWindowEnd(bout));
    return bout;
  }

  #onWindowEnd(bout: Bout): void {
    const { clock, log, port, limit } = this.#options;
    if (bout.count > 0) {
      this.#warn(bout);
      clock.setTimer(WINDOW_MS, () => this.#onWindowEnd(bout));
      return;
    }
    this.#bout = undefined;
    const { addresses, beganAt, total } = bout;
    const fields = { limit, count: total, addresses: addresses.size, for_ms: Math.round(clock.elapsed() - beganAt) };
    log.info(fields, `a limit of the ${port} port is met no more`);
  }

  #warn(bout: Bout): void {
    const { log, port, limit } = this.#options;
    const { addresses, count, latest } = bout;
    log.warn({ limit, source: latest, count, addresses: addresses.size }, `a limit of the ${port} port is met`);
    bout.count = 0;
  }
}
