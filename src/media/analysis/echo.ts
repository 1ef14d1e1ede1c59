import { SAMPLE_RATE } from '../tones.ts';
import { correlationOf, pairOf, powerOfTwo } from './fft.ts';

/** An echo that comes later is none that a person would take for one. */
const LONGEST_MS = 2000;
/** So much of what was sent is compared: four seconds. */
const COMPARED_SAMPLES = 4 * SAMPLE_RATE;
/** By so much the compared part may be moved. */
const BLOCK_SAMPLES = SAMPLE_RATE / 2;
/** Of 1. Independent sounds of four seconds reach 0.1, an echo under other sounds 0.3 and more. */
const LEAST_CORRELATION = 0.25;
/** A sound that repeats itself, such as a tone, fits at many delays: then none of them is known. */
const LEAST_DISTINCTION = 1.25;
const SAME_PEAK_SAMPLES = 80;
/** What is heard is dated by its first packet, what is sent by its frames: on a machine that stands still the two may differ so much. */
const EARLIEST_MS = -100;

/** What was sent and what was heard, on one line of time: both begin at the same moment. Linear PCM, 8000 samples a second. */
export interface TwoWays {
  readonly sent: Int16Array;
  readonly heard: Int16Array;
}

const sumOfSquares = (samples: ArrayLike<number>, from: number, to: number): number => {
  let sum = 0;
  for (let index = Math.max(0, from); index < to; index += 1) {
    const sample = samples[index] ?? 0;
    sum += sample * sample;
  }
  return sum;
};

/** The four seconds with the most power: pauses say nothing. */
const loudest = (sent: Int16Array): number => {
  const blocks = Array.from({ length: Math.ceil(sent.length / BLOCK_SAMPLES) }, (_, block) =>
    sumOfSquares(sent, block * BLOCK_SAMPLES, Math.min(sent.length, (block + 1) * BLOCK_SAMPLES)),
  );
  const perWindow = COMPARED_SAMPLES / BLOCK_SAMPLES;
  let [best, bestPower] = [0, -1];
  for (let block = 0; block === 0 || block + perWindow <= blocks.length; block += 1) {
    const power = blocks.slice(block, block + perWindow).reduce((sum, each) => sum + each, 0);
    if (power > bestPower) [best, bestPower] = [block, power];
  }
  return best * BLOCK_SAMPLES;
};

/** So many samples from a moment on, with silence before the first one. */
const excerpt = (heard: Int16Array, from: number, length: number): Int16Array => {
  if (from >= 0) return heard.subarray(from, from + length);
  const padded = new Int16Array(Math.min(length, heard.length - from));
  padded.set(heard.subarray(0, Math.max(0, padded.length + from)), -from);
  return padded;
};

/**
 * The delay in milliseconds with which what was sent came back. Null where it did not, or repeats itself so much that no
 * delay can be told.
 */
export const findEcho = ({ sent, heard }: TwoWays): number | null => {
  const start = loudest(sent);
  const part = sent.subarray(start, start + COMPARED_SAMPLES);
  const earliest = (EARLIEST_MS * SAMPLE_RATE) / 1000;
  const longest = (LONGEST_MS * SAMPLE_RATE) / 1000 - earliest;
  const listened = excerpt(heard, start + earliest, part.length + longest);
  const sentPower = sumOfSquares(part, 0, part.length);
  if (sentPower === 0 || listened.length === 0) return null;
  const delays = Math.min(longest, listened.length);
  // No delay that counts reaches over the end, so that what wraps around there does not matter.
  const size = powerOfTwo(Math.max(listened.length, part.length + delays));
  const correlation = correlationOf(pairOf(part, listened, size));
  const best = strongest(correlation, 0, delays);
  const heardPower = sumOfSquares(listened, best, Math.min(listened.length, best + part.length));
  const likeness = Math.abs(correlation[best] ?? 0) / Math.sqrt(sentPower * heardPower);
  if (!(likeness >= LEAST_CORRELATION)) return null;
  const others = [
    strongest(correlation, 0, best - SAME_PEAK_SAMPLES),
    strongest(correlation, best + SAME_PEAK_SAMPLES, delays),
  ].map((delay) => Math.abs(correlation[delay] ?? 0));
  if (Math.abs(correlation[best] ?? 0) < LEAST_DISTINCTION * Math.max(...others)) return null;
  return Math.max(0, Math.round(((best + earliest) * 1000) / SAMPLE_RATE));
};

/** Where the correlation is largest; -1 where there is no delay between the two. An inverted echo is one too. */
const strongest = (correlation: Float64Array, from: number, to: number): number => {
  let best = -1;
  for (let delay = from; delay < to; delay += 1) {
    if (best === -1 || Math.abs(correlation[delay] ?? 0) > Math.abs(correlation[best] ?? 0)) best = delay;
  }
  return best;
};
