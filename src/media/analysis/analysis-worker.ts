import { parentPort } from 'node:worker_threads';
import { readWav, WavError } from '../wav.ts';
import { measure } from './measure.ts';
import type { Recording } from './recording.ts';

/** What the thread is asked, one after the other. */
export type AnalysisOrder =
  | { readonly kind: 'measure'; readonly recording: Recording }
  | { readonly kind: 'read-wav'; readonly file: Uint8Array };

/** What it answers to each. */
export type AnalysisAnswer =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'no-wav'; readonly message: string }
  | { readonly kind: 'failed'; readonly error: unknown };

const resultOf = (order: AnalysisOrder): unknown =>
  order.kind === 'measure' ? measure(order.recording) : readWav(order.file);

const answerTo = (order: AnalysisOrder): AnalysisAnswer => {
  try {
    return { kind: 'done', result: resultOf(order) };
  } catch (error) {
    return error instanceof WavError ? { kind: 'no-wav', message: error.message } : { kind: 'failed', error };
  }
};

/** On a thread of its own: to measure a call takes some hundredths of a second, to read a file up to half a second. */
parentPort?.on('message', (order: AnalysisOrder) => parentPort?.postMessage(answerTo(order)));
