import { decodeG711 } from '../g711.ts';
import { FRAME_MS, SAMPLE_RATE } from '../tones.ts';
import { mosOf, ratingOf } from './e-model.ts';
import { findEcho } from './echo.ts';
import { type HeardStream, PLAYOUT_MS, readHeard } from './heard-stream.ts';
import { measureLevels } from './level.ts';
import type { Recording } from './recording.ts';
import { findTone } from './tone.ts';

/** What was heard from the answer on. Null: not measured, or not there. See `HeardAudio` of the call domain. */
export interface Measurement {
  readonly audio: 'tone' | 'sound' | 'silence' | 'echo';
  readonly levelDbov: number | null;
  readonly toneHz: number | null;
  readonly echoDelayMs: number | null;
  readonly lossPercent: number | null;
  readonly jitterMs: number | null;
  readonly r: number | null;
  readonly mos: number | null;
  /** For each 100 ms since the answer. */
  readonly levels: readonly number[];
}

/** Of the network one way, where no echo was measured: a call within a continent. */
const ASSUMED_DELAY_MS = 50;

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** What was sent, on the line of time of what was heard: it begins with the answer. */
const sentSinceAnswer = ({ sent, sentFromMs, answeredMs }: Recording): Int16Array => {
  const lead = Math.round(((sentFromMs - answeredMs) * SAMPLE_RATE) / 1000);
  const pcm = decodeG711(0, sent);
  if (lead <= 0) return pcm.subarray(-lead);
  const padded = new Int16Array(lead + pcm.length);
  padded.set(pcm, lead);
  return padded;
};

const qualityOf = (lossPercent: number, echoDelayMs: number | null): { readonly r: number; readonly mos: number } => {
  const network = echoDelayMs === null ? ASSUMED_DELAY_MS : echoDelayMs / 2;
  const r = ratingOf({ lossPercent, oneWayDelayMs: network + FRAME_MS + PLAYOUT_MS });
  return { r: round(r, 1), mos: round(mosOf(r), 2) };
};

/** An echo is what the other side does; a tone and silence are what it says. */
const wordFor = ({ isSilent }: { readonly isSilent: boolean }, echo: number | null, tone: number | null) => {
  if (isSilent) return 'silence';
  if (echo !== null) return 'echo';
  return tone === null ? 'sound' : 'tone';
};

const measureStream = (recording: Recording, { pcm, lossPercent, jitterMs }: HeardStream): Measurement => {
  const found = measureLevels(pcm);
  const toneHz = found.isSilent ? null : findTone(pcm);
  const echoDelayMs = found.isSilent ? null : findEcho({ sent: sentSinceAnswer(recording), heard: pcm });
  return {
    audio: wordFor(found, echoDelayMs, toneHz),
    levelDbov: found.levelDbov,
    toneHz: echoDelayMs === null ? toneHz : null,
    echoDelayMs,
    lossPercent: round(lossPercent, 2),
    jitterMs: jitterMs === null ? null : round(jitterMs, 2),
    ...qualityOf(lossPercent, echoDelayMs),
    levels: found.levels,
  };
};

/** Measures a recording; undefined where nothing came after the answer. Not for an event loop: it takes a tenth of a second and more. */
export const measure = (recording: Recording): Measurement | undefined => {
  const stream = readHeard(recording);
  return stream === undefined ? undefined : measureStream(recording, stream);
};
