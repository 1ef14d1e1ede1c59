import type { MonotonicClock, Timer } from '../shared/clock.ts';
import { FRAME_MS } from './tones.ts';

/** What is late by more than this is not sent in a burst: a receiver would throw it away. */
const MAX_BURST_FRAMES = 5;

interface FrameTickerOptions {
  readonly clock: MonotonicClock;
  /** Sends a frame of each stream. */
  readonly onFrame: () => void;
  /** So many frames are given up: the process or the machine stood still. */
  readonly onSkip: (frames: number) => void;
}

/** Fifty frames a second however late timers fire. One timer at a time, none while stopped. */
export class FrameTicker {
  readonly #clock: MonotonicClock;
  readonly #onFrame: () => void;
  readonly #onSkip: (frames: number) => void;
  #timer: Timer | undefined;
  #due = 0;

  constructor({ clock, onFrame, onSkip }: FrameTickerOptions) {
    this.#clock = clock;
    this.#onFrame = onFrame;
    this.#onSkip = onSkip;
  }

  /** The first frame is due 20 ms from now. Does nothing while it runs. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#due = this.#clock.elapsed() + FRAME_MS;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const now = this.#clock.elapsed();
    this.#timer = this.#clock.setTimer(Math.max(0, this.#due - now), () => this.#tick());
  }

  #tick(): void {
    const frames = Math.max(1, Math.floor((this.#clock.elapsed() - this.#due) / FRAME_MS) + 1);
    const burst = Math.min(frames, MAX_BURST_FRAMES);
    this.#due += frames * FRAME_MS;
    this.#arm();
    if (frames > burst) this.#onSkip(frames - burst);
    for (let sent = 0; sent < burst; sent += 1) this.#onFrame();
  }
}
