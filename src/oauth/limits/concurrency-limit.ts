import { TooManyRequestsError } from '../model/errors.ts';

/**
 * Lets so many tasks run at once. Those that wait are served in turn, one of each asker: who asks for much waits behind
 * himself, and not the others behind him.
 */
export interface ConcurrencyLimit {
  /**
   * @param asker what tells askers apart
   * @throws TooManyRequestsError where too many wait: the last of whoever has the most in the queue is refused
   */
  run<Result>(asker: string, task: () => Promise<Result>): Promise<Result>;
}

export interface ConcurrencyLimitOptions {
  readonly atOnce: number;
  readonly mostWaiting: number;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

const RETRY_AFTER_SECONDS = 2;

/** What waits, by asker, in the order in which the askers are served. */
class FairQueue {
  readonly #queues = new Map<string, Waiting[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(asker: string, waiting: Waiting): void {
    const own = this.#queues.get(asker);
    if (own === undefined) this.#queues.set(asker, [waiting]);
    else own.push(waiting);
    this.#length += 1;
  }

  /** Takes the first of the next asker, who goes to the end. */
  next(): Waiting | undefined {
    const [first] = this.#queues;
    if (first === undefined) return undefined;
    const [asker, own] = first;
    this.#queues.delete(asker);
    const next = own.shift();
    if (own.length > 0) this.#queues.set(asker, own);
    this.#length -= 1;
    return next;
  }

  /** Takes the last of the asker who has the most here, unless it would be this one himself. */
  makeRoomFor(asker: string): Waiting | undefined {
    const longest = [...this.#queues.values()].reduce((most, own) => (own.length > most.length ? own : most), []);
    const own = this.#queues.get(asker)?.length ?? 0;
    if (own + 1 >= longest.length) return undefined;
    this.#length -= 1;
    return longest.pop();
  }
}

export const createConcurrencyLimit = ({ atOnce, mostWaiting }: ConcurrencyLimitOptions): ConcurrencyLimit => {
  const queue = new FairQueue();
  let free = atOnce;

  const wait = (asker: string): Promise<void> => {
    if (queue.length >= mostWaiting) {
      const crowdedOut = queue.makeRoomFor(asker);
      if (crowdedOut === undefined) return Promise.reject(new TooManyRequestsError(RETRY_AFTER_SECONDS));
      crowdedOut.refuse(new TooManyRequestsError(RETRY_AFTER_SECONDS));
    }
    return new Promise((start, refuse) => queue.add(asker, { start, refuse }));
  };

  const enter = (asker: string): Promise<void> => {
    if (free === 0) return wait(asker);
    free -= 1;
    return Promise.resolve();
  };

  const leave = (): void => {
    const next = queue.next();
    if (next === undefined) free += 1;
    else next.start();
  };

  return {
    run: async (asker, task) => {
      await enter(asker);
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
};
