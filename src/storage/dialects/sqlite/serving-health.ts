import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { DatabaseHealth } from '../../database.ts';
import { type DatabaseUnavailableError, describeReason, type UnavailableReason } from '../../errors.ts';

interface ServingHealthOptions {
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** A real write, about as large as that of a call. */
  readonly probe: () => Promise<unknown>;
}

interface Outage {
  readonly reason: UnavailableReason;
  readonly since: number;
}

const PROBE_EVERY_MS = 1000;

/** Of a process that serves nothing. */
export const alwaysAvailable: DatabaseHealth = { state: 'available', reason: undefined, since: undefined };

/**
 * Whether writes are kept. An outage begins with a group of writes that is lost, and ends with a probe that is written:
 * one is tried each second, so that a service that gets no requests while it is not ready comes back. A small write that
 * succeeds meanwhile ends nothing: it may have found the last room of a full disk.
 *
 * A thread that checkpoints and stays silent is an outage of its own, which ends when it reports. One that reports a
 * failure is none: what was committed is safe in the log.
 */
export class ServingHealth implements DatabaseHealth {
  readonly #options: ServingHealthOptions;
  #loss: Outage | undefined;
  #silence: Outage | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: ServingHealthOptions) {
    this.#options = options;
  }

  get state(): 'available' | 'unavailable' {
    return this.#outage === undefined ? 'available' : 'unavailable';
  }

  get reason(): UnavailableReason | undefined {
    return this.#outage?.reason;
  }

  get since(): number | undefined {
    return this.#outage?.since;
  }

  /** A group of writes was lost. */
  lost(error: DatabaseUnavailableError): void {
    const { reason } = error;
    const since = this.#loss?.since ?? this.#options.clock.elapsed();
    this.#change(() => (this.#loss = { reason, since }), error);
    this.#probeLater();
  }

  /** The thread that checkpoints has not reported for a long time. */
  silent(): void {
    this.#change(() => (this.#silence = { reason: 'not-answering', since: this.#options.clock.elapsed() }));
  }

  /** It has reported again. */
  heard(): void {
    if (this.#silence !== undefined) this.#change(() => (this.#silence = undefined));
  }

  /** Probes no more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  get #outage(): Outage | undefined {
    return this.#loss ?? this.#silence;
  }

  /** Logs an outage when it begins, when its reason changes and when it is over. */
  #change(change: () => void, error?: DatabaseUnavailableError): void {
    const before = this.#outage;
    change();
    const after = this.#outage;
    const { clock, log } = this.#options;
    if (after !== undefined && after.reason !== before?.reason) {
      const { reason } = after;
      log.warn({ reason, ...(error && { err: error }) }, `the database is unavailable: ${describeReason(reason)}`);
    } else if (after === undefined && before !== undefined) {
      const seconds = Math.round((clock.elapsed() - before.since) / 1000);
      log.info({ reason: before.reason, seconds }, 'the database is available again');
    }
  }

  #probeLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#options.clock.setTimer(PROBE_EVERY_MS, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const isWritten = await this.#options.probe().then(
      () => true,
      () => false,
    );
    this.#timer = undefined;
    if (isWritten) this.#change(() => (this.#loss = undefined));
    else this.#probeLater();
  }
}
