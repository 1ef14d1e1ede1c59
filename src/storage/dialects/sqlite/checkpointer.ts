import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Log } from '../../../shared/log.ts';
import type { CheckpointWork } from './checkpoint-worker.ts';

/** Checkpoints beside the event loop. Where its thread fails, the connection's own checkpoints take over. */
export class Checkpointer {
  readonly #worker: Worker;

  constructor({ log, ...work }: CheckpointWork & { readonly log: Log }) {
    this.#worker = new Worker(new URL('./checkpoint-worker.js', import.meta.url), { workerData: work });
    this.#worker.unref();
    this.#worker.on('error', (error) => log.error({ err: error }, 'the thread that checkpoints has failed'));
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#worker.ref();
    this.#worker.postMessage('close');
    await ended;
  }
}
