import { Worker } from 'node:worker_threads';
import type { Log } from '../../shared/log.ts';
import type { AnalysisThread } from '../analysis/analysis-thread.ts';
import type { SentAudio } from '../audio-sender.ts';
import { MediaThreadLostError, NoMediaPortError } from '../errors.ts';
import { TestPhonePort } from './test-phone-port.ts';
import type { ThreadBinding, ThreadOrder, ThreadReport } from './thread-orders.ts';

export type { Measurement } from '../analysis/measure.ts';
export type { HeardPeer } from './heard-port.ts';
export type { SentAudio };
export type { TestPhonePort } from './test-phone-port.ts';

export interface TestPhoneMediaOptions extends ThreadBinding {
  readonly log: Log;
  /** Measures what was heard. */
  readonly analysis: Pick<AnalysisThread, 'measure'>;
  /** What the thread runs. */
  readonly script?: URL;
}

const ownScript = new URL('./rtp-worker.js', import.meta.url);

interface Answered<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * RTP ports for test phones, which hear and are measured. A thread sends and receives for all of them: it is started with the
 * first port. One that is lost takes its ports along, and the next port gets a new one.
 */
export class TestPhoneMedia {
  readonly #options: TestPhoneMediaOptions;
  readonly #ports = new Map<number, TestPhonePort>();
  readonly #opening = new Map<number, Answered<TestPhonePort>>();
  #rtp: Worker | undefined;
  #last = 0;
  #state: 'open' | 'closed' = 'open';

  constructor(options: TestPhoneMediaOptions) {
    this.#options = options;
  }

  /**
   * Opens a port.
   * @throws NoMediaPortError when nothing can be bound
   * @throws MediaThreadLostError when the thread ends meanwhile
   */
  async open(): Promise<TestPhonePort> {
    if (this.#state === 'closed') throw new NoMediaPortError();
    const worker = (this.#rtp ??= this.#startRtp());
    this.#last += 1;
    const port = this.#last;
    return new Promise((resolve, reject) => {
      this.#opening.set(port, { resolve, reject });
      post(worker, { order: 'open', port });
    });
  }

  /** Ends the thread; what was awaited of it fails. Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await this.#rtp?.terminate();
  }

  #startRtp(): Worker {
    const { host, port } = this.#options;
    const worker = this.#start({ host, ...(port !== undefined && { port }) }, (error) => {
      this.#rtp = undefined;
      for (const { reject } of this.#opening.values()) reject(error);
      for (const each of this.#ports.values()) each.lost(error);
      this.#opening.clear();
      this.#ports.clear();
    });
    worker.on('message', (report: ThreadReport) => this.#heard(worker, report));
    return worker;
  }

  #start(workerData: ThreadBinding, onLost: (error: Error) => void): Worker {
    const worker = new Worker(this.#options.script ?? ownScript, { workerData });
    worker.unref();
    let failure: unknown;
    worker.on('error', (error) => (failure = error));
    worker.on('exit', () => {
      if (this.#state === 'open') this.#options.log.error({ err: failure }, 'the thread of the test phones is lost');
      onLost(new MediaThreadLostError(failure));
    });
    return worker;
  }

  #heard(worker: Worker, report: ThreadReport): void {
    switch (report.of) {
      case 'opened':
        this.#opened(worker, report);
        break;
      case 'not-opened':
        this.#opening.get(report.port)?.reject(new NoMediaPortError(new Error(report.reason)));
        this.#opening.delete(report.port);
        break;
      case 'finished':
        this.#ports.get(report.port)?.heard(report);
        this.#ports.delete(report.port);
        break;
      default:
        this.#ports.get(report.port)?.heard(report);
    }
  }

  #opened(worker: Worker, { port, address, bound }: Extract<ThreadReport, { of: 'opened' }>): void {
    const opened = new TestPhonePort({
      address,
      port: bound,
      tell: (order) => post(worker, { ...order, port }),
      measure: (recording) => this.#options.analysis.measure(recording),
    });
    this.#ports.set(port, opened);
    this.#opening.get(port)?.resolve(opened);
    this.#opening.delete(port);
  }
}

const post = (worker: Worker, order: ThreadOrder): void => worker.postMessage(order);
