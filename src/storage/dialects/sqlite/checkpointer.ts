import { Worker } from 'node:worker_threads';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { CheckpointOrder, CheckpointReport, CheckpointWork } from './checkpoint-worker.ts';
import { sleep } from './waiting.ts';

export interface CheckpointerOptions {
  readonly work: CheckpointWork;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Whether rounds of the thread are reported, or one is overdue. */
  readonly onVoice: (voice: 'heard' | 'silent') => void;
  /** Whether there is a thread: without one the connection must keep the log from growing. */
  readonly onThread: (thread: 'present' | 'lost') => void;
  /** What the thread runs. */
  readonly script?: URL;
}

const RESTART_AFTER_MS = 1000;
/** So long after it was due a round may report. */
const SILENCE_MS = 10_000;
/** So long an orderly stop waits for the thread. */
const CLOSE_LIMIT_MS = 2000;

const THREAD_LOST = 'the thread that checkpoints is lost: another is started';
const CHECKPOINT_FAILED = 'what was committed cannot be moved into the database file; it is safe in the log';

/**
 * Checkpoints beside the event loop. A thread that ends by itself, whyever, is replaced after a second, again and again.
 * What fails is logged once, and once more when it is over.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #worker: Worker | undefined;
  #restart: Timer | undefined;
  #overdue: Timer | undefined;
  #thread: 'present' | 'lost' = 'present';
  #rounds: 'succeed' | 'fail' = 'succeed';
  #rewriting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    options.onThread('present');
    this.#start();
  }

  /**
   * Moves all of the log into the file and begins it anew.
   * @throws Error when that cannot be done now
   */
  rewrite(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new Error('there is no thread that checkpoints'));
    return new Promise((resolve, reject) => {
      this.#rewriting = { resolve, reject };
      order(worker, 'rewrite');
    });
  }

  /**
   * Lets the thread close its connection: where that is the last one, SQLite checkpoints there. A thread that hangs is
   * left to itself. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#restart?.cancel();
    this.#overdue?.cancel();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
    worker.ref();
    order(worker, 'close');
    await Promise.race([ended, sleep(this.#options.clock, CLOSE_LIMIT_MS)]);
    worker.unref();
    void worker.terminate();
  }

  #start(): void {
    const { work, script = new URL('./checkpoint-worker.js', import.meta.url) } = this.#options;
    try {
      const worker = new Worker(script, { workerData: work });
      worker.unref();
      worker.on('message', (report: CheckpointReport) => this.#heard(report));
      let failure: unknown;
      worker.on('error', (error) => (failure = error));
      worker.on('exit', (code) => this.#ended(failure ?? new Error(`the thread ended with code ${code}`)));
      this.#worker = worker;
      this.#awaitReport();
    } catch (error) {
      // Descriptors may be at their limit.
      this.#ended(error);
    }
  }

  #ended(error: unknown): void {
    this.#worker = undefined;
    this.#overdue?.cancel();
    this.#rewriting?.reject(new Error('the thread that checkpoints has ended'));
    if (this.#closing !== undefined) return;
    if (this.#thread === 'present') {
      this.#thread = 'lost';
      this.#options.log.error({ err: error }, THREAD_LOST);
      this.#options.onThread('lost');
    }
    this.#restart = this.#options.clock.setTimer(RESTART_AFTER_MS, () => this.#start());
  }

  #heard({ of, failure, milliseconds }: CheckpointReport): void {
    if (this.#closing !== undefined) return;
    this.#awaitReport();
    this.#options.onVoice('heard');
    this.#noteThread();
    if (of === 'round') this.#noteRound(failure, milliseconds);
    else if (failure === undefined) this.#rewriting?.resolve();
    else this.#rewriting?.reject(new Error(failure));
  }

  #noteThread(): void {
    if (this.#thread === 'present') return;
    this.#thread = 'present';
    this.#options.log.info({}, 'a thread checkpoints again');
    this.#options.onThread('present');
  }

  #noteRound(failure: string | undefined, milliseconds: number): void {
    const rounds = failure === undefined ? 'succeed' : 'fail';
    if (rounds === this.#rounds) return;
    this.#rounds = rounds;
    if (rounds === 'fail') this.#options.log.error({ failure, milliseconds }, CHECKPOINT_FAILED);
    else this.#options.log.info({ milliseconds }, 'what was committed is moved into the database file again');
  }

  #awaitReport(): void {
    this.#overdue?.cancel();
    const delayMs = this.#options.work.everyMs + SILENCE_MS;
    this.#overdue = this.#options.clock.setTimer(delayMs, () => this.#options.onVoice('silent'));
  }
}

const order = (worker: Worker, what: CheckpointOrder): void => worker.postMessage(what);
