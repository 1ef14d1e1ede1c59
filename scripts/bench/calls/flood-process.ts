import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 20_000;

/** What the child tells its parent. */
export type FloodMessage =
  | { readonly type: 'started' }
  | { readonly type: 'stopped'; readonly figures: unknown }
  | { readonly type: 'failed'; readonly reason: string };

/** A flood in a process of its own, so that it takes no time from those who measure. */
export class FloodProcess {
  readonly #child: ChildProcess;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  private constructor(child: ChildProcess) {
    this.#child = child;
    process.once('exit', this.#kill);
  }

  /**
   * @param name - of a file in `floods/`
   * @throws Error when it does not start
   */
  static async start(name: string, port: number): Promise<FloodProcess> {
    const script = new URL('run-flood.ts', import.meta.url).pathname;
    const child = fork(script, [name, String(port)], { execArgv: ['--import', 'tsx'] });
    const flood = new FloodProcess(child);
    await flood.#next('started', START_LIMIT_MS);
    return flood;
  }

  /** @returns what it tells of itself */
  async stop(): Promise<string> {
    const stopped = this.#next('stopped', STOP_LIMIT_MS);
    this.#child.send('stop');
    const { figures } = (await stopped) as { figures?: unknown };
    await this.#end();
    return figures === undefined ? '' : JSON.stringify(figures).replaceAll(/["{}]/g, '').replaceAll(',', ', ');
  }

  async #next(type: FloodMessage['type'], limitMs: number): Promise<FloodMessage> {
    const signal = AbortSignal.timeout(limitMs);
    const ended = once(this.#child, 'exit', { signal }).then(() => ({ type: 'failed', reason: 'it ended' }));
    const told = once(this.#child, 'message', { signal }).then(([message]) => message as FloodMessage);
    ended.catch(() => undefined);
    const message = await Promise.race([told, ended as Promise<FloodMessage>]).catch(async (cause: unknown) => {
      await this.#end();
      throw new Error(`the flood has not ${type} in time`, { cause });
    });
    if (message.type === type) return message;
    await this.#end();
    throw new Error(`the flood could not be ${type}: ${'reason' in message ? message.reason : message.type}`);
  }

  async #end(): Promise<void> {
    process.off('exit', this.#kill);
    this.#kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }
}
