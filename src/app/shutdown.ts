import type { Log } from '../shared/log.ts';

/** What was opened, to be closed in the opposite order. A part that opens something adds its end here at once. */
export class Shutdown {
  readonly #log: Log;
  readonly #steps: (() => Promise<void> | void)[] = [];
  #running: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `closing` from the first `run` on. */
  get state(): 'open' | 'closing' {
    return this.#running === undefined ? 'open' : 'closing';
  }

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Runs every step, also when one fails. Idempotent. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        this.#log.error({ err: error }, 'a part could not be closed');
      }
    }
  }
}
