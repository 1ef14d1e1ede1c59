import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 250;

/** Asks `/healthz` again and again, and notes each change of what it says. */
export class HealthWatch {
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #said: string[] = [];
  readonly #running: Promise<void>;

  constructor(baseUrl: string) {
    this.#url = `${baseUrl}/healthz`;
    this.#running = this.#run();
  }

  /** @returns what was said, when each began, and how long it took at the most to be said */
  async stop(): Promise<readonly string[]> {
    this.#stopping.abort();
    await this.#running;
    return this.#said;
  }

  async #run(): Promise<void> {
    const begun = performance.now();
    let [latest, slowest] = ['', 0];
    while (!this.#stopping.signal.aborted) {
      const asked = performance.now();
      const said = await this.#ask();
      slowest = Math.max(slowest, performance.now() - asked);
      if (said !== latest) this.#said.push(`${said} (after ${((asked - begun) / 1000).toFixed(1)} s)`);
      latest = said;
      await pause(LOOK_EVERY_MS);
    }
    this.#said.push(`slowest reply ${slowest.toFixed(0)} ms`);
  }

  async #ask(): Promise<string> {
    try {
      const reply = await fetch(this.#url);
      return `${reply.status} ${(await reply.text()).trim()}`;
    } catch {
      return 'no reply';
    }
  }
}
