import type { G711PayloadType } from './g711.ts';
import { encodeG711 } from './g711.ts';

/** Samples a second of G.711, and the unit of its RTP timestamps. */
export const SAMPLE_RATE = 8000;

/** Length of every frame that we send, in milliseconds: the default of RFC 3551 section 4.2. */
export const FRAME_MS = 20;

/** Samples, and in G.711 also bytes, of a frame. */
export const FRAME_SAMPLES = (SAMPLE_RATE * FRAME_MS) / 1000;

/** G.711 frames of 20 ms that are sent one after the other, from the start again after the last. */
export type FrameLoop = readonly [Uint8Array, ...Uint8Array[]];

export type ToneName = 'ringback' | 'busy';

/** Whose tones a caller expects to hear: those of North America, or the 425 Hz of most of Europe. */
export type TonePlan = 'us' | 'eu';

interface Tone {
  readonly frequencies: readonly number[];
  /** Of each frequency. */
  readonly levelDbm0: number;
  readonly onMs: number;
  readonly offMs: number;
}

// Cadences: ITU-T E.180 supplement 2. Levels: Telcordia GR-506 for the US; those of Europe vary around this one.
const tones: Readonly<Record<TonePlan, Readonly<Record<ToneName, Tone>>>> = {
  us: {
    ringback: { frequencies: [440, 480], levelDbm0: -19, onMs: 2000, offMs: 4000 },
    busy: { frequencies: [480, 620], levelDbm0: -24, onMs: 500, offMs: 500 },
  },
  eu: {
    ringback: { frequencies: [425], levelDbm0: -13, onMs: 1000, offMs: 4000 },
    busy: { frequencies: [425], levelDbm0: -13, onMs: 500, offMs: 500 },
  },
};

/** Peak of a sine of 0 dBm0 in 16-bit PCM: 3.17 dB under the overload point of μ-law (ITU-T G.711). */
export const PEAK_AT_0_DBM0 = 22_650;

const cache = new Map<string, FrameLoop>();

const cached = (key: string, render: () => FrameLoop): FrameLoop => {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const loop = render();
  cache.set(key, loop);
  return loop;
};

/** One frame of silence. */
export const silenceFrames = (payloadType: G711PayloadType): FrameLoop =>
  cached(`silence/${payloadType}`, () => [encodeG711(payloadType, new Int16Array(FRAME_SAMPLES))]);

/**
 * One period of a tone, its pause included. Rendered once a codec: every call that plays the tone shares the frames,
 * so they must not be written to.
 */
export const toneFrames = (plan: TonePlan, tone: ToneName, payloadType: G711PayloadType): FrameLoop =>
  cached(`${plan}/${tone}/${payloadType}`, () => renderTone(tones[plan][tone], payloadType));

const renderTone = (tone: Tone, payloadType: G711PayloadType): FrameLoop => {
  const peak = PEAK_AT_0_DBM0 * 10 ** (tone.levelDbm0 / 20);
  const amplitude = (index: number): number =>
    tone.frequencies.reduce((sum, hertz) => sum + peak * Math.sin((2 * Math.PI * hertz * index) / SAMPLE_RATE), 0);
  const [silence] = silenceFrames(payloadType);
  const frame = (index: number): Uint8Array => {
    if (index * FRAME_MS >= tone.onMs) return silence;
    const pcm = Int16Array.from({ length: FRAME_SAMPLES }, (_, sample) => amplitude(index * FRAME_SAMPLES + sample));
    return encodeG711(payloadType, pcm);
  };
  const following = Array.from({ length: (tone.onMs + tone.offMs) / FRAME_MS - 1 }, (_, index) => frame(index + 1));
  return [frame(0), ...following];
};
