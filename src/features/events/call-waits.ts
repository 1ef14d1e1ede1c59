import type { FeedPage } from '../../calls/feed/call-feed.ts';
import type { CallChanges, CallWatch, Waiter } from '../../http/routes/call/call-wait.ts';
import type { MonotonicClock } from '../../shared/clock.ts';
import type { FeedTail } from './feed-tail.ts';
import type { Places } from './places.ts';

export interface CallWaitsOptions {
  readonly tail: FeedTail;
  readonly places: Places;
  readonly clock: MonotonicClock;
}

/** One that waits for a change of a call: the change may come before it asks. */
class Wait implements CallWatch {
  readonly #clock: MonotonicClock;
  readonly #closed: () => void;
  #state: 'watching' | 'changed' = 'watching';
  #wake: () => void = () => undefined;

  constructor(clock: MonotonicClock, closed: () => void) {
    this.#clock = clock;
    this.#closed = closed;
  }

  /** There was a change, or none will be told of any more. */
  end(): void {
    this.#state = 'changed';
    this.#wake();
  }

  async changed({ withinMs, signal }: Parameters<CallWatch['changed']>[0]): Promise<void> {
    if (this.#state === 'changed' || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#clock.setTimer(withinMs, wake);
      signal.addEventListener('abort', wake);
      this.#wake = wake;
    });
  }

  close(): void {
    this.#closed();
  }
}

/** Requests that wait for a change of one call each. */
export class CallWaits implements CallChanges {
  readonly #options: CallWaitsOptions;
  readonly #waits = new Map<string, Set<Wait>>();
  #followers = 0;

  constructor(options: CallWaitsOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get count(): number {
    return this.#followers;
  }

  async watch(tokenCall: string, waiter: Waiter): Promise<CallWatch> {
    const { tail, places, clock } = this.#options;
    const leavePlace = places.take(waiter);
    let state: 'open' | 'closed' = 'open';
    const wait = new Wait(clock, () => {
      if (state === 'closed') return;
      state = 'closed';
      leavePlace();
      this.#remove(tokenCall, wait);
    });
    this.#add(tokenCall, wait);
    try {
      await tail.join(this.#bring);
      return wait;
    } catch (error) {
      wait.close();
      throw error;
    }
  }

  /** Ends all waits as they are. */
  close(): void {
    for (const waits of [...this.#waits.values()]) for (const wait of [...waits]) wait.end();
  }

  #add(tokenCall: string, wait: Wait): void {
    const waits = this.#waits.get(tokenCall) ?? new Set();
    this.#waits.set(tokenCall, waits.add(wait));
    this.#followers += 1;
  }

  #remove(tokenCall: string, wait: Wait): void {
    const waits = this.#waits.get(tokenCall);
    waits?.delete(wait);
    if (waits?.size === 0) this.#waits.delete(tokenCall);
    this.#followers -= 1;
    if (this.#followers === 0) this.#options.tail.leave(this.#bring);
  }

  readonly #bring = (page: FeedPage): void => {
    if (page.kind === 'reset') this.close();
    else for (const { call } of page.changes) for (const wait of this.#waits.get(call.tokenCall) ?? []) wait.end();
  };
}
