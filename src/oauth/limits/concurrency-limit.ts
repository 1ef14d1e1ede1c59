import { TooManyRequestsError } from '../model/errors.ts';

export interface ConcurrencyLimitOptions {
  readonly atOnce: number;
  readonly mostWaiting: number;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

const RETRY_AFTER_SECONDS = 2;

/** What waits, by requester, in the order in which the requesters are served. */
class FairQueue {
  readonly #queues = new Map<string, Waiting[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(requester: string, waiting: Waiting): void {
    const own = this.#queues.get(requester);
    if (own === undefined) this.#queues.set(requester, [waiting]);
    else own.push(waiting);
    this.#length += 1;
  }

  /** Takes the first of the next requester, which goes to the end. */
  next(): Waiting | undefined {
    const [first] = this.#queues;
    if (first === undefined) return undefined;
    const [requester, own] = first;
    this.#queues.delete(requester);
    const next = own.shift();
    if (own.length > 0) this.#queues.set(requester, own);
    this.#length -= 1;
    return next;
  }

  /** Takes the last of the requester that has the most here, unless it would be this one itself. */
  makeRoomFor(requester: string): Waiting | undefined {
    const longest = [...this.#queues.values()].reduce((most, own) => (own.length > most.length ? own : most), []);
    const own = this.#queues.get(requester)?.length ?? 0;
    if (own + 1 >= longest.length) return undefined;
    this.#length -= 1;
    return longest.pop();
  }
}

/**
 * Lets so many tasks run at once. Those that wait are served in turn, one of each requester: a requester with many tasks
 * waits behind its own, and not the others behind it.
 */
export class ConcurrencyLimit {
  readonly #queue = new FairQueue();
  readonly #mostWaiting: number;
  #free: number;

  constructor({ atOnce, mostWaiting }: ConcurrencyLimitOptions) {
    this.#free = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * @param requester what tells requesters apart
   * @throws TooManyRequestsError where too many wait: of the requester that has the most in the queue, the last is refused
   */
  async run<Result>(requester: string, task: () => Promise<Result>): Promise<Result> {
    await this.#enter(requester);
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  #enter(requester: string): Promise<void> {
    if (this.#free === 0) return this.#wait(requester);
    this.#free -= 1;
    return Promise.resolve();
  }

  #wait(requester: string): Promise<void> {
    if (this.#queue.length >= this.#mostWaiting) {
      const crowdedOut = this.#queue.makeRoomFor(requester);
      if (crowdedOut === undefined) return Promise.reject(new TooManyRequestsError(RETRY_AFTER_SECONDS));
      crowdedOut.refuse(new TooManyRequestsError(RETRY_AFTER_SECONDS));
    }
    return new Promise((start, refuse) => this.#queue.add(requester, { start, refuse }));
  }

  #leave(): void {
    const next = this.#queue.next();
    if (next === undefined) this.#free += 1;
    else next.start();
  }
}
