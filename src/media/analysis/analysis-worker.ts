import { parentPort } from 'node:worker_threads';
import { measure } from './measure.ts';
import type { Recording } from './recording.ts';

/** What the thread is asked. `ticket` comes back with the answer. */
export interface AnalysisOrder {
  readonly ticket: number;
  readonly recording: Recording;
}

/** Measures recordings, on a thread of its own: one takes a tenth of a second and more. */
parentPort?.on('message', ({ ticket, recording }: AnalysisOrder) => {
  parentPort?.postMessage({ ticket, measurement: measure(recording) });
});
