import type { MonotonicClock } from '../shared/clock.ts';
import { Queue } from '../shared/queue.ts';

/** `hang-up` goes before all others; `call`, a new one, shares what is left with the rest. */
export type Lane = 'hang-up' | 'call' | 'other';

interface Waiting {
  readonly since: number;
  readonly begin: () => void;
}

/**
 * A turn of the event loop reads 32 datagrams of a socket (libuv), those of two or three calls, and these bring about five
 * requests. So much may be begun as it arrives, and as much of what waits: with longer turns SIP would get too little.
 */
const TURN_MS = 0.5;
const MOST_A_TURN = 8;

/**
 * Bounds what requests take of a turn of the event loop, since Node would begin all that have arrived in one: SIP is read
 * between any two turns. A request that comes while there is time is begun at once; the others wait in their lanes.
 */
export class RequestQueue {
  readonly #clock: MonotonicClock;
  readonly #lanes: Readonly<Record<Lane, Queue<Waiting>>> = {
    'hang-up': new Queue(),
    call: new Queue(),
    other: new Queue(),
  };
  #waiting = 0;
  /** Steps that are due in this turn or the next. */
  #steps = 0;
  #turnBeganAt: number | undefined;
  #turn: 'call' | 'other' = 'call';

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  /** Begins a request, now or in its order. */
  add(lane: Lane, begin: () => void): void {
    const now = this.#clock.elapsed();
    if (this.#waiting === 0 && this.#hasTime(now)) {
      begin();
      return;
    }
    this.#lanes[lane].push({ since: now, begin });
    this.#waiting += 1;
    this.#stepLater();
  }

  /** How long the oldest new call waits to be begun, in milliseconds. */
  get oldestCallMs(): number {
    const oldest = this.#lanes.call.peek();
    return oldest === undefined ? 0 : this.#clock.elapsed() - oldest.since;
  }

  #hasTime(now: number): boolean {
    if (this.#turnBeganAt === undefined) {
      this.#turnBeganAt = now;
      setImmediate(() => (this.#turnBeganAt = undefined));
      return true;
    }
    return now - this.#turnBeganAt < TURN_MS;
  }

  /** Each request in a callback of its own: what it does before it first waits is over then, and the time it took counts. */
  #stepLater(): void {
    if (this.#steps >= Math.min(this.#waiting, MOST_A_TURN)) return;
    this.#steps += 1;
    setImmediate(() => this.#step());
  }

  #step(): void {
    this.#steps -= 1;
    if (this.#hasTime(this.#clock.elapsed())) this.#next()?.begin();
    this.#stepLater();
  }

  #next(): Waiting | undefined {
    const { 'hang-up': hangUps, call, other } = this.#lanes;
    const before = this.#turn;
    this.#turn = before === 'call' ? 'other' : 'call';
    const [first, second] = before === 'call' ? [call, other] : [other, call];
    const item = hangUps.shift() ?? first.shift() ?? second.shift();
    if (item !== undefined) this.#waiting -= 1;
    return item;
  }
}
