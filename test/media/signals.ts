import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import { SAMPLE_RATE } from '../../src/media/tones.ts';

/** Peak of a sine of 0 dBm0 (ITU-T G.711). */
const PEAK_AT_0_DBM0 = 22_650;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export const silence = (ms: number): Int16Array => new Int16Array((ms * SAMPLE_RATE) / 1000);

export const sine = (hz: number, ms: number, dbm0 = -10): Int16Array =>
  silence(ms).map((_, index) =>
    Math.round(PEAK_AT_0_DBM0 * 10 ** (dbm0 / 20) * Math.sin((2 * Math.PI * hz * index) / SAMPLE_RATE)),
  );

/** White noise whose RMS is that of a sine of so many dBm0. */
export const noise = (seed: number, ms: number, dbm0: number): Int16Array => {
  const random = seeded(seed);
  const peak = PEAK_AT_0_DBM0 * 10 ** (dbm0 / 20) * Math.sqrt(1.5);
  return silence(ms).map(() => Math.round(peak * (2 * random() - 1)));
};

/** Voiced syllables of a wandering pitch with pauses between them, as a voice has them. */
export const speechLike = (seed: number, ms: number): Int16Array => {
  const random = seeded(seed);
  const pcm = silence(ms);
  for (let start = 0; start < pcm.length;) {
    const length = Math.floor((0.12 + 0.2 * random()) * SAMPLE_RATE);
    const [pitch, glide] = [90 + 120 * random(), 60 * (random() - 0.5)];
    const formants = [300 + 500 * random(), 900 + 1400 * random(), 2300 + 900 * random()];
    const harmonics = Array.from({ length: Math.floor(3400 / (pitch + glide)) }, (_, index) => {
      const near = Math.min(...formants.map((formant) => Math.abs(formant - (index + 1) * pitch)));
      return { count: index + 1, peak: Math.exp(-near / 150) };
    }).filter(({ peak }) => peak > 0.05);
    for (let index = 0; index < length && start + index < pcm.length; index += 1) {
      const seconds = index / SAMPLE_RATE;
      const angle = 2 * Math.PI * (pitch + glide * seconds) * seconds;
      let sample = 0;
      for (const { count, peak } of harmonics) sample += peak * Math.sin(count * angle + count ** 2);
      pcm[start + index] = Math.round(2500 * Math.sin((Math.PI * index) / length) * sample);
    }
    start += length + Math.floor(0.15 * random() * SAMPLE_RATE);
  }
  return pcm;
};

export const mixed = (...signals: readonly Int16Array[]): Int16Array =>
  Int16Array.from(signals[0] ?? [], (_, index) =>
    Math.max(
      -32_768,
      Math.min(
        32_767,
        signals.reduce((sum, signal) => sum + (signal[index] ?? 0), 0),
      ),
    ),
  );

export const joined = (...signals: readonly Int16Array[]): Int16Array =>
  Int16Array.from(signals.flatMap((signal) => [...signal]));

/** A tone that comes and goes. */
export const cadence = (tone: Int16Array, onMs: number, offMs: number): Int16Array =>
  tone.map((sample, index) => ((index / 8) % (onMs + offMs) < onMs ? sample : 0));

/** As it comes back after `ms`, weaker by `db`, and through A-law and mu-law on its way. */
export const echoed = (pcm: Int16Array, ms: number, db: number): Int16Array => {
  const weaker = pcm.map((sample) => Math.round(sample * 10 ** (-db / 20)));
  const late = joined(silence(ms), weaker).subarray(0, pcm.length);
  return decodeG711(8, encodeG711(8, decodeG711(0, encodeG711(0, late))));
};
