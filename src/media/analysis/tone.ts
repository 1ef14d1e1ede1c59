import { SAMPLE_RATE } from '../tones.ts';
import { pairOf, powersOf, transform } from './fft.ts';
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

const windowed = (pcm: Int16Array): Float64Array => {
  const scale = WINDOW_SAMPLES / pcm.length;
  const shaped = new Float64Array(pcm.length);
  for (let index = 0; index < pcm.length; index += 1) {
    shaped[index] = (pcm[index] ?? 0) * (hann[Math.floor(index * scale)] ?? 0);
  }
  return shaped;
};

const NOTHING = new Float64Array();

/** The power spectra of seconds, two by one transform. */
const powerSpectra = (seconds: readonly Int16Array[]): readonly Float64Array[] => {
  const spectra: Float64Array[] = [];
  for (let index = 0; index < seconds.length; index += 2) {
    const [one, other] = [seconds[index], seconds[index + 1]];
    if (one === undefined) break;
    const pair = pairOf(windowed(one), other === undefined ? NOTHING : windowed(other), SIZE);
    transform(pair);
    const [power, otherPower] = powersOf(pair);
    spectra.push(power, ...(other === undefined ? [] : [otherPower]));
  }
  return spectra;
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

/** Whether up to a second can have a tone at all. */
const isHeard = (pcm: Int16Array): boolean => pcm.length >= LEAST_SAMPLES && levelOf(pcm) > SILENT_DBOV;

/** The strongest tone of a spectrum, and what it and the next one have of all. */
const peakOf = (power: Float64Array): Peak => {
  let total = 0;
  for (let bin = Math.ceil(LOWEST_HZ / BIN_HZ); bin < power.length; bin += 1) total += power[bin] ?? 0;
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
  const seconds = starts.map((start) => pcm.subarray(start, start + WINDOW_SAMPLES)).filter(isHeard);
  const peaks = powerSpectra(seconds).map(peakOf);
  const tonal = peaks.filter(({ share }) => share >= TONAL_SHARE);
  if (tonal.length === 0 || tonal.length * 2 < peaks.length) return null;
  const middle = median(tonal.map(({ hz }) => hz));
  const steady = tonal.filter(({ hz }) => Math.abs(hz - middle) <= STEADY_HZ);
  if (steady.length * 2 < peaks.length) return null;
  return Math.round(median(steady.map(({ hz }) => hz)) * 10) / 10;
};
