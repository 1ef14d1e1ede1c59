import { Queue } from '../../shared/queue.ts';

/**
 * Gives one turn of the event loop to one step of the history at a time, whoever reads how much of it: calls are set up and
 * journalled between any two steps.
 */
export class Turns {
  readonly #waiting = new Queue<() => void>();
  #state: 'idle' | 'giving' = 'idle';

  /** Resolves in a turn that no other step gets. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#state === 'idle') this.#giveLater();
    });
  }

  #giveLater(): void {
    this.#state = 'giving';
    setImmediate(() => this.#give());
  }

  #give(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.size === 0) this.#state = 'idle';
    else this.#giveLater();
  }
}
