import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';

export interface QueueAgeOptions {
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Sends a datagram of the socket to the socket itself. */
  readonly sendToSelf: (data: Buffer) => void;
}

/** No message of SIP begins with it. */
const MARK = 0;
const SECRET_BITS = 128;
const EVERY_MS = 100;
/** While the queue is long, or may be. */
const OFTEN_MS = 20;
/** How long it is measured on after it was last asked for. */
const ASKED_MS = 1000;
/**
 * A probe that has not come back after so many timers may have found no room in the queue: another one is sent. Timers are
 * counted and not time, since the queue is read between any two of them, even where the machine stood still.
 */
const TIMERS_TO_RESEND = 10;
/** A queue that drops has let so many through meanwhile; where fewer came, something else keeps probes away. */
const DATAGRAMS_OF_A_FULL_QUEUE = 100;

interface Probe {
  readonly number: number;
  readonly sentAt: number;
}

/**
 * How long a datagram waits in the queue of a socket before it is read: one is sent to oneself now and then, while somebody
 * asks. The delay of the event loop does not tell it, since a turn takes but a few datagrams, however many wait.
 */
export class QueueAge {
  readonly #options: QueueAgeOptions;
  readonly #head: Buffer;
  #state: 'untried' | 'measuring' | 'unusable' = 'untried';
  #sent = 0;
  #oldest: Probe | undefined;
  #latest: Probe | undefined;
  #timers = 0;
  #lastMs = 0;
  #askedAt = -Infinity;
  #timer: Timer | undefined;
  /** Since the oldest probe that has not come back. */
  #datagrams = 0;

  constructor(options: QueueAgeOptions) {
    this.#options = options;
    this.#head = Buffer.concat([Buffer.of(MARK), Buffer.from(options.ids.random(SECRET_BITS), 'base64url')]);
  }

  /** Milliseconds; 0 where it cannot be measured. A probe that is lost counts as long as none comes back after it. */
  get ms(): number {
    const now = this.#options.clock.elapsed();
    this.#askedAt = now;
    if (this.#state !== 'unusable') this.#timer ??= this.#next(now);
    if (this.#state !== 'measuring') return 0;
    return this.#oldest === undefined ? this.#lastMs : Math.max(this.#lastMs, now - this.#oldest.sentAt);
  }

  /** Whether a datagram is a probe. Every datagram is to be shown. */
  take(data: Buffer): boolean {
    this.#datagrams += 1;
    if (data[0] !== MARK || data.length !== this.#head.length + 4) return false;
    if (data.compare(this.#head, 0, this.#head.length, 0, this.#head.length) !== 0) return false;
    const number = data.readUInt32BE(this.#head.length);
    if (this.#oldest === undefined || number < this.#oldest.number) return true;
    const { sentAt } = number === this.#latest?.number ? this.#latest : this.#oldest;
    this.#lastMs = this.#options.clock.elapsed() - sentAt;
    this.#oldest = undefined;
    this.#state = 'measuring';
    return true;
  }

  close(): void {
    this.#state = 'unusable';
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #next(now: number): Timer {
    this.#probe(now);
    const isLong = this.#lastMs > OFTEN_MS || this.#timers > 0;
    return this.#options.clock.setTimer(isLong ? OFTEN_MS : EVERY_MS, () => this.#goOn());
  }

  #goOn(): void {
    this.#timer = undefined;
    const now = this.#options.clock.elapsed();
    if (this.#state === 'unusable') return;
    if (now - this.#askedAt > ASKED_MS && this.#oldest === undefined) this.#lastMs = 0;
    else this.#timer = this.#next(now);
  }

  #probe(now: number): void {
    this.#timers += 1;
    if (this.#oldest === undefined) this.#datagrams = 0;
    else if (this.#timers < TIMERS_TO_RESEND) return;
    else if (this.#datagrams < DATAGRAMS_OF_A_FULL_QUEUE) {
      this.#giveUp();
      return;
    }
    this.#timers = 0;
    this.#sent = (this.#sent + 1) >>> 0;
    this.#latest = { number: this.#sent, sentAt: now };
    this.#oldest ??= this.#latest;
    const data = Buffer.allocUnsafe(this.#head.length + 4);
    this.#head.copy(data);
    data.writeUInt32BE(this.#sent, this.#head.length);
    this.#options.sendToSelf(data);
  }

  /** A filter of packets, say: to refuse calls for it would be worse than not to know. */
  #giveUp(): void {
    this.close();
    this.#options.log.warn({}, 'datagrams to the own SIP port do not arrive: how long its queue is cannot be measured');
  }
}
