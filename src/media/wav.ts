import { AppError } from '../shared/errors.ts';
import { decodeG711 } from './g711.ts';
import { SAMPLE_RATE } from './tones.ts';

/** The file is no WAV that can be played; the message says what is wrong with it. */
export class WavError extends AppError {
  readonly code = 'invalid_wav';
  readonly kind = 'invalid';
}

const LONGEST_SECONDS = 60;
const HIGHEST_RATE = 48_000;
/** What a writer that could not go back says of its length: it did not know it. */
const UNKNOWN_LENGTHS_FROM = 0x7fff_0000;

/** Format tags (mmreg.h); RFC 2361 registers those of G.711. */
const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
const EXTENSIBLE = 0xfffe;

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

interface Chunk {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const fault = (message: string): WavError => new WavError(message);

const nameAt = (view: DataView, offset: number): string =>
  String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(offset + index)));

/** The chunks of a RIFF file, in whatever order. One of unknown length goes on to the end of the file. */
const chunksOf = (view: DataView): readonly Chunk[] => {
  if (view.byteLength < 12 || nameAt(view, 0) !== 'RIFF' || nameAt(view, 8) !== 'WAVE') {
    throw fault('The file is not a WAV file: it does not begin with RIFF and WAVE.');
  }
  const chunks: Chunk[] = [];
  for (let offset = 12; offset + 8 <= view.byteLength;) {
    const name = nameAt(view, offset);
    const length = view.getUint32(offset + 4, true);
    const start = offset + 8;
    const end = Math.min(view.byteLength, start + length);
    if (name === 'data' && end < start + length && length < UNKNOWN_LENGTHS_FROM) {
      throw fault(`The WAV file is cut off: ${end - start} of ${length} bytes of sound are there.`);
    }
    chunks.push({ name, start, end });
    offset = start + length + (length % 2);
  }
  return chunks;
};

const formatOf = (view: DataView, { start, end }: Chunk): Format => {
  if (end - start < 16) throw fault('The WAV file is damaged: its format is cut off.');
  const tag = view.getUint16(start, true);
  // The real tag of an extensible format is the beginning of its GUID.
  const isLong = tag === EXTENSIBLE && end - start >= 26;
  return {
    tag: isLong ? view.getUint16(start + 24, true) : tag,
    channels: view.getUint16(start + 2, true),
    rate: view.getUint32(start + 4, true),
    bits: view.getUint16(start + 14, true),
  };
};

/** Reads the sample at an offset as a number from -1 to 1. */
type ReadSample = (view: DataView, offset: number) => number;

const g711 =
  (payloadType: 0 | 8): ReadSample =>
  (view, offset) =>
    (decodeG711(payloadType, Uint8Array.of(view.getUint8(offset)))[0] ?? 0) / 32_768;

const readers: Readonly<Record<string, ReadSample>> = {
  [`${PCM}/8`]: (view, offset) => (view.getUint8(offset) - 128) / 128,
  [`${PCM}/16`]: (view, offset) => view.getInt16(offset, true) / 32_768,
  [`${PCM}/24`]: (view, offset) => (view.getInt8(offset + 2) * 65_536 + view.getUint16(offset, true)) / 8_388_608,
  [`${PCM}/32`]: (view, offset) => view.getInt32(offset, true) / 2_147_483_648,
  [`${FLOAT}/32`]: (view, offset) => view.getFloat32(offset, true),
  [`${ALAW}/8`]: g711(8),
  [`${MULAW}/8`]: g711(0),
};

const readerOf = ({ tag, bits }: Format): ReadSample => {
  const reader = readers[`${tag}/${bits}`];
  if (reader !== undefined) return reader;
  throw fault(
    `The WAV file has format ${tag} with ${bits} bits, which is not read: save it as PCM of 8, 16, 24 or 32 bits, or as A-law or mu-law.`,
  );
};

/** All channels of a moment as one sample. */
const mixDown = (view: DataView, { start, end }: Chunk, format: Format): Float64Array => {
  const read = readerOf(format);
  const bytes = format.bits / 8;
  const frame = bytes * format.channels;
  const frames = Math.floor((end - start) / frame);
  const mixed = new Float64Array(frames);
  for (let index = 0; index < frames; index += 1) {
    let sum = 0;
    for (let channel = 0; channel < format.channels; channel += 1) {
      sum += read(view, start + index * frame + channel * bytes);
    }
    mixed[index] = sum / format.channels;
  }
  return mixed;
};

/** Zero crossings of the filter on each side: steep enough that nothing above 4 kHz is heard as something below it. */
const CROSSINGS = 16;

/** A windowed sinc, which lets through what both rates can carry. */
const kernel = (distance: number, cutoff: number): number => {
  const reach = CROSSINGS / cutoff;
  if (Math.abs(distance) >= reach) return 0;
  const x = Math.PI * distance * cutoff;
  const sinc = x === 0 ? 1 : Math.sin(x) / x;
  return cutoff * sinc * (0.5 + 0.5 * Math.cos((Math.PI * distance) / reach));
};

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/**
 * The filter is worked out once for each place that a sample can have between two of the file, 80 of them at 44.1 kHz: a
 * minute would else take seconds, in which no call is served.
 */
const resample = (samples: Float64Array, rate: number): Float64Array => {
  if (rate === SAMPLE_RATE) return samples;
  const step = rate / SAMPLE_RATE;
  // A little below half of the lower rate: the filter is not infinitely steep.
  const cutoff = 0.95 / step;
  const reach = Math.ceil(CROSSINGS / cutoff);
  const taps = 2 * reach + 1;
  const places = SAMPLE_RATE / greatestCommonDivisor(rate, SAMPLE_RATE);
  const filters = new Map<number, Float64Array>();
  const filterFor = (place: number): Float64Array => {
    const known = filters.get(place);
    if (known !== undefined) return known;
    const fraction = place * step - Math.floor(place * step);
    const filter = Float64Array.from({ length: taps }, (_, tap) => kernel(tap - reach - fraction, cutoff));
    filters.set(place, filter);
    return filter;
  };
  const resampled = new Float64Array(Math.max(1, Math.floor(samples.length / step)));
  for (let index = 0; index < resampled.length; index += 1) {
    const filter = filterFor(index % places);
    const first = Math.floor((index * rate) / SAMPLE_RATE) - reach;
    const last = Math.min(taps, samples.length - first);
    let sum = 0;
    for (let tap = Math.max(0, -first); tap < last; tap += 1) sum += (samples[first + tap] ?? 0) * (filter[tap] ?? 0);
    resampled[index] = sum;
  }
  return resampled;
};

const toPcm = (samples: Float64Array): Int16Array =>
  Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))));

const checked = (format: Format): Format => {
  if (format.channels < 1 || format.channels > 8) throw fault(`The WAV file has ${format.channels} channels.`);
  if (format.rate < SAMPLE_RATE || format.rate > HIGHEST_RATE) {
    throw fault(`The WAV file has ${format.rate} samples a second: 8000 to ${HIGHEST_RATE} are read.`);
  }
  return format;
};

/**
 * Reads a RIFF/WAVE file as linear PCM of 16 bits, 8000 samples a second, one channel.
 * @throws WavError where it is none that can be read, is empty, or longer than a minute
 */
export const readWav = (file: Uint8Array): Int16Array => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks = chunksOf(view);
  const [formats, data] = ['fmt ', 'data'].map((name) => chunks.find((chunk) => chunk.name === name));
  if (formats === undefined || data === undefined) {
    throw fault(`The WAV file is damaged: it has no ${formats === undefined ? 'format' : 'samples'}.`);
  }
  const format = checked(formatOf(view, formats));
  readerOf(format);
  const seconds = (data.end - data.start) / ((format.bits / 8) * format.channels * format.rate);
  if (seconds > LONGEST_SECONDS)
    throw fault(`The sound lasts ${Math.round(seconds)} s: ${LONGEST_SECONDS} at the most.`);
  const samples = mixDown(view, data, format);
  if (samples.length === 0) throw fault('The WAV file has no samples.');
  return toPcm(resample(samples, format.rate));
};
