import { SAMPLE_RATE } from '../tones.ts';
import { type Complex, realSignal, transform } from './fft.ts';
import { levelOf, SILENT_DBOV } from './level.ts';

/** A second, padded with zeros: a bin is just under 1 Hz. */
const WINDOW_SAMPLES = SAMPLE_RATE;
const HOP_SAMPLES = SAMPLE_RATE / 4;
const SIZE = 8192;
const BIN_HZ = SAMPLE_RATE / SIZE;
/** A shorter sound is a click or a key, and no tone that is held. */
const LEAST_SAMPLES = SAMPLE_RATE * 0.4;

const LOWEST_HZ = 150;
/** What lies this near to a peak belongs to it: the window's own width, and the cadence of a tone that comes and goes. */
const NEAR_HZ = 25;
/** Of the power, what the two strongest peaks must have: many tones are two (440 and 480 Hz). */
const TONAL_SHARE = 0.75;
/** Peaks of one tone differ by no more than this from second to second. */
const STEADY_HZ = 6;

interface Peak {
  readonly hz: number;
  readonly share: number;
}

const hann = Float64Array.from(
  { length: WINDOW_SAMPLES },
  (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / WINDOW_SAMPLES),
);

const powerSpectrum = (pcm: Int16Array): Float64Array => {
  const scale = WINDOW_SAMPLES / pcm.length;
  const windowed = Float64Array.from(pcm, (sample, index) => sample * (hann[Math.floor(index * scale)] ?? 0));
  const signal: Complex = realSignal(windowed, SIZE);
  transform(signal);
  return Float64Array.from({ length: SIZE / 2 }, (_, bin) => (signal.re[bin] ?? 0) ** 2 + (signal.im[bin] ?? 0) ** 2);
};

const strongestBin = (power: Float64Array): number => {
  let strongest = Math.ceil(LOWEST_HZ / BIN_HZ);
  for (let bin = strongest; bin < power.length - 1; bin += 1) {
    if ((power[bin] ?? 0) > (power[strongest] ?? 0)) strongest = bin;
  }
  return strongest;
};

/** Takes the power around a bin out of a spectrum. @returns it */
const takeAround = (power: Float64Array, bin: number): number => {
  const reach = Math.ceil(NEAR_HZ / BIN_HZ);
  let sum = 0;
  for (let near = Math.max(0, bin - reach); near <= Math.min(power.length - 1, bin + reach); near += 1) {
    sum += power[near] ?? 0;
    power[near] = 0;
  }
  return sum;
};

/** Between the bins, by a parabola through the logarithms of three: exact to a tenth of a hertz with this window. */
const interpolated = (power: Float64Array, bin: number): number => {
  const [before, at, after] = [bin - 1, bin, bin + 1].map((each) => Math.log((power[each] ?? 0) + 1e-9)) as [
    number,
    number,
    number,
  ];
  const curvature = before - 2 * at + after;
  return (bin + (curvature === 0 ? 0 : (0.5 * (before - after)) / curvature)) * BIN_HZ;
};

/** The strongest tone of up to a second; undefined where it is silent, or more than two tones. */
const peakOf = (pcm: Int16Array): Peak | undefined => {
  if (pcm.length < LEAST_SAMPLES || levelOf(pcm) <= SILENT_DBOV) return undefined;
  const power = powerSpectrum(pcm);
  const total = power.reduce((sum, each, bin) => (bin * BIN_HZ < LOWEST_HZ ? sum : sum + each), 0);
  const bin = strongestBin(power);
  const hz = interpolated(power, bin);
  const first = takeAround(power, bin);
  const second = takeAround(power, strongestBin(power));
  return { hz, share: (first + second) / total };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * The frequency of a steady tone in hertz, with or without a cadence; of several the strongest. Null where what is heard is
 * none: at least half of the seconds that are not silent must have it.
 */
export const findTone = (pcm: Int16Array): number | null => {
  const starts = Array.from(
    { length: Math.max(1, Math.floor((pcm.length - WINDOW_SAMPLES) / HOP_SAMPLES) + 1) },
    (_, index) => index * HOP_SAMPLES,
  );
  const peaks = starts.flatMap((start) => peakOf(pcm.subarray(start, start + WINDOW_SAMPLES)) ?? []);
  const tonal = peaks.filter(({ share }) => share >= TONAL_SHARE);
  if (tonal.length === 0 || tonal.length * 2 < peaks.length) return null;
  const middle = median(tonal.map(({ hz }) => hz));
  const steady = tonal.filter(({ hz }) => Math.abs(hz - middle) <= STEADY_HZ);
  if (steady.length * 2 < peaks.length) return null;
  return Math.round(median(steady.map(({ hz }) => hz)) * 10) / 10;
};
