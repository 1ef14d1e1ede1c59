import { FRAME_SAMPLES, PEAK_AT_0_DBM0 } from './tones.ts';

/** -16 dBm0 at the most, in bursts as speech has them: an echo canceller takes it for somebody who talks. */
const PEAK = PEAK_AT_0_DBM0 * 10 ** (-16 / 20);
const BURST_FRAMES = 20;
const PAUSE_FRAMES = 5;
/** Taps of a maximal linear sequence of 32 bits: it repeats itself after days. */
const TAPS = 0x80200003;

/**
 * Noise by which an echo is found: no two senders have the same, so that what another one sends is never taken for an echo.
 */
export class Probe {
  #state: number;
  #smooth = 0;
  #frames = 0;

  /** @param seed - of 32 bits */
  constructor(seed: number) {
    this.#state = seed === 0 ? 1 : seed;
  }

  /** The frame that comes next. */
  next(): Int16Array {
    const isPause = this.#frames % (BURST_FRAMES + PAUSE_FRAMES) >= BURST_FRAMES;
    this.#frames += 1;
    return new Int16Array(FRAME_SAMPLES).map(() => {
      const sample = this.#sample();
      return isPause ? 0 : sample;
    });
  }

  #sample(): number {
    this.#state = (this.#state >>> 1) ^ (this.#state & 1 ? TAPS : 0);
    // Within the band of a telephone: high frequencies are taken off.
    this.#smooth += 0.5 * ((this.#state & 0xffff) / 0x8000 - 1 - this.#smooth);
    return Math.round(PEAK * this.#smooth);
  }
}
