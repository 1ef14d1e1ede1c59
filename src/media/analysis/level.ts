import { SAMPLE_RATE } from '../tones.ts';

/** Digital silence, the lowest level that RFC 6464 knows. */
export const LEAST_DBOV = -127;

/**
 * Below it nobody hears anything: comfort noise lies at about -66 dBov, speech at -26 (ITU-T P.56), a tone of -40 dBm0 at -46.
 */
export const SILENT_DBOV = -55;

const WINDOW_SAMPLES = SAMPLE_RATE / 10;
const OVERLOAD = 32_768;

/** The level of samples, as RMS under the overload point (RFC 6464 section 3): a full sine has -3 dBov. */
export const levelOf = (pcm: Int16Array): number => {
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return dbov(sum, pcm.length);
};

const dbov = (sumOfSquares: number, count: number): number => {
  if (count === 0 || sumOfSquares === 0) return LEAST_DBOV;
  return Math.max(LEAST_DBOV, 10 * Math.log10(sumOfSquares / count / OVERLOAD ** 2));
};

const windowsOf = (pcm: Int16Array): readonly Int16Array[] =>
  Array.from({ length: Math.ceil(pcm.length / WINDOW_SAMPLES) }, (_, index) =>
    pcm.subarray(index * WINDOW_SAMPLES, (index + 1) * WINDOW_SAMPLES),
  );

export interface Levels {
  /** For each 100 ms, rounded to a tenth. */
  readonly levels: readonly number[];
  /** RMS of what was not silent; of all where all was. */
  readonly levelDbov: number;
  readonly isSilent: boolean;
}

/** The levels of what was heard. A click in silence makes no sound: two windows of 100 ms must be loud. */
export const measureLevels = (pcm: Int16Array): Levels => {
  const windows = windowsOf(pcm);
  const levels = windows.map(levelOf);
  const loud = windows.filter((_, index) => (levels[index] ?? LEAST_DBOV) > SILENT_DBOV);
  const isSilent = loud.length < 2;
  const counted = isSilent ? windows : loud;
  const squares = counted.reduce((sum, window) => sum + 10 ** (levelOf(window) / 10) * window.length, 0);
  const samples = counted.reduce((sum, window) => sum + window.length, 0);
  const mean = samples === 0 ? LEAST_DBOV : Math.max(LEAST_DBOV, 10 * Math.log10(squares / samples));
  return { levels: levels.map(toTenth), levelDbov: toTenth(mean), isSilent };
};

const toTenth = (value: number): number => Math.round(value * 10) / 10;
