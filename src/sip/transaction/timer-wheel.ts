import type { MonotonicClock, Timer } from '../../shared/clock.ts';

/** Timers that fall due within the same slot fire together, so at most this much late. */
const SLOT_MS = 10;

interface Slot {
  readonly tick: number;
  readonly timers: Set<WheelTimer>;
  readonly alarm: Timer;
}

/** A machine that is woken by the wheel. */
interface Sleeper<Input extends string> {
  take(input: Input): void;
}

/** A timer in the wheel: which machine is woken, and with which input. */
export interface WheelTimer {
  readonly slot: Slot;
  readonly sleeper: Sleeper<string>;
  readonly input: string;
}

/**
 * Many timers over few of the clock's: one per slot of 10 ms. Setting and cancelling cost O(1), and no closure is made,
 * which matters because each transaction sets two and cancels most of them.
 */
export class TimerWheel {
  readonly #clock: MonotonicClock;
  readonly #slots = new Map<number, Slot>();

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  set<Input extends string>(delayMs: number, sleeper: Sleeper<Input>, input: Input): WheelTimer {
    const tick = Math.ceil((this.#clock.elapsed() + delayMs) / SLOT_MS);
    const slot = this.#slots.get(tick) ?? this.#open(tick);
    const timer: WheelTimer = { slot, sleeper, input };
    slot.timers.add(timer);
    return timer;
  }

  cancel(timer: WheelTimer): void {
    const { slot } = timer;
    slot.timers.delete(timer);
    if (slot.timers.size > 0 || this.#slots.get(slot.tick) !== slot) return;
    slot.alarm.cancel();
    this.#slots.delete(slot.tick);
  }

  #open(tick: number): Slot {
    const alarm = this.#clock.setTimer(tick * SLOT_MS - this.#clock.elapsed(), () => this.#fire(slot));
    const slot: Slot = { tick, timers: new Set(), alarm };
    this.#slots.set(tick, slot);
    return slot;
  }

  #fire(slot: Slot): void {
    this.#slots.delete(slot.tick);
    for (const timer of slot.timers) {
      slot.timers.delete(timer);
      timer.sleeper.take(timer.input);
    }
  }
}
