import { FRAME_SAMPLES, PEAK_AT_0_DBM0 } from './tones.ts';

/** -16 dBm0 at the most, in bursts as speech has them: an echo canceller takes it for somebody who talks. */
const PEAK = PEAK_AT_0_DBM0 * 10 ** (-16 / 20);
/** Eight seconds: a delay of up to two is never mistaken. */
const FRAMES = 400;
const BURST_FRAMES = 20;
const PAUSE_FRAMES = 5;

/** A maximal linear sequence of 32 bits: the same noise every time, and like nothing else. */
const noise = (): Int16Array => {
  let state = 0x1234_5678;
  let smooth = 0;
  return Int16Array.from({ length: FRAMES * FRAME_SAMPLES }, (_, index) => {
    state = (state >>> 1) ^ (state & 1 ? 0x80200003 : 0);
    // Within the band of a telephone: high frequencies are taken off.
    smooth += 0.5 * ((state & 0xffff) / 0x8000 - 1 - smooth);
    const isPause = Math.floor(index / FRAME_SAMPLES) % (BURST_FRAMES + PAUSE_FRAMES) >= BURST_FRAMES;
    return isPause ? 0 : Math.round(PEAK * smooth);
  });
};

let rendered: Int16Array | undefined;

/** A frame of the probe, counted from its beginning; it begins anew after eight seconds. */
export const probeFrame = (frame: number): Int16Array => {
  rendered ??= noise();
  const start = (frame % FRAMES) * FRAME_SAMPLES;
  return rendered.subarray(start, start + FRAME_SAMPLES);
};
