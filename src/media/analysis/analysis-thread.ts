import { Worker } from 'node:worker_threads';
import type { Log } from '../../shared/log.ts';
import { MediaThreadLostError, NotAnalysedError } from '../errors.ts';
import { buffersOf } from '../test-phone/recorder.ts';
import { WavError } from '../wav.ts';
import type { AnalysisAnswer, AnalysisOrder } from './analysis-worker.ts';
import type { Measurement } from './measure.ts';
import type { Recording } from './recording.ts';

export interface AnalysisThreadOptions {
  readonly log: Log;
  /** What the thread runs. */
  readonly script?: URL;
}

/** Something that is to be done, and whoever waits for it. */
interface Task {
  readonly order: AnalysisOrder;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

const ownScript = new URL('./analysis-worker.js', import.meta.url);

/**
 * A thread for what takes too long for an event loop. It is started by the first task. It does one task after the other, and
 * what comes meanwhile waits here: where a task ends the thread, that task alone fails, and the next one gets a new thread.
 */
export class AnalysisThread {
  readonly #options: AnalysisThreadOptions;
  readonly #waiting: Task[] = [];
  #worker: Worker | undefined;
  #underWay: Task | undefined;
  #state: 'open' | 'closed' = 'open';

  constructor(options: AnalysisThreadOptions) {
    this.#options = options;
  }

  /**
   * Measures a recording, whose arrays are handed over. Undefined where nothing came after the answer.
   * @throws NotAnalysedError where it could not be measured
   * @throws MediaThreadLostError where the thread was lost with it, or is closed
   */
  measure(recording: Recording): Promise<Measurement | undefined> {
    return this.#do({ kind: 'measure', recording }, buffersOf(recording)) as Promise<Measurement | undefined>;
  }

  /**
   * Reads a WAV file as `readWav` does.
   * @throws WavError where it is none that can be read, is empty, or longer than a minute
   * @throws NotAnalysedError where reading it failed for a fault of ours
   * @throws MediaThreadLostError where the thread was lost with it, or is closed
   */
  readWav(file: Uint8Array): Promise<Int16Array> {
    return this.#do({ kind: 'read-wav', file }, []) as Promise<Int16Array>;
  }

  /** Ends the thread; what is under way and what waits fails. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    for (const { reject } of this.#waiting.splice(0)) reject(new MediaThreadLostError());
    await this.#worker?.terminate();
  }

  #do(order: AnalysisOrder, transfer: readonly ArrayBuffer[]): Promise<unknown> {
    if (this.#state === 'closed') return Promise.reject(new MediaThreadLostError());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ order, transfer, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#underWay !== undefined) return;
    const task = this.#waiting.shift();
    if (task === undefined) return;
    this.#underWay = task;
    const worker = (this.#worker ??= this.#start());
    worker.postMessage(task.order, task.transfer);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.script ?? ownScript);
    worker.unref();
    let failure: unknown;
    worker.on('error', (error) => (failure = error));
    worker.on('message', (answer: AnalysisAnswer) => this.#settle((task) => settle(task, answer)));
    worker.on('exit', () => {
      this.#worker = undefined;
      if (this.#state === 'open') this.#options.log.error({ err: failure }, 'the thread of the analysis is lost');
      this.#settle(({ reject }) => reject(new MediaThreadLostError(failure)));
    });
    return worker;
  }

  #settle(end: (task: Task) => void): void {
    const task = this.#underWay;
    this.#underWay = undefined;
    if (task !== undefined) end(task);
    this.#next();
  }
}

const settle = ({ resolve, reject }: Task, answer: AnalysisAnswer): void => {
  if (answer.kind === 'done') resolve(answer.result);
  else reject(answer.kind === 'no-wav' ? new WavError(answer.message) : new NotAnalysedError(answer.error));
};
