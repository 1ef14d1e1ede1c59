import type { MonotonicClock, Timer } from '../../shared/clock.ts';

/** How late a timer may fire: those that fall due within the same slot fire together. */
const SLOT_MS = 10;

/**
 * The same for timers of at least `LONG_MS`, which are those that give up or linger (B, D, F, H to M): 64 T1 or T4.
 * Every transaction ends with one of them: with slots of 10 ms nearly each was a wake-up of its own at 75 calls/s.
 */
const LONG_SLOT_MS = 50;
const LONG_MS = 5000;

interface Slot {
  readonly dueMs: number;
  readonly timers: Set<WheelTimer>;
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

const slotMsOf = (delayMs: number): number => (delayMs < LONG_MS ? SLOT_MS : LONG_SLOT_MS);

/**
 * Many timers over one of the clock's. Setting and cancelling cost O(1), and no closure is made, which matters because
 * each transaction sets two and cancels most of them. A cancelled timer leaves the alarm as it is, unless it was the
 * last: the alarm then goes off for nothing and finds the next slot, some two times a second instead of once for each
 * transaction.
 */
export class TimerWheel {
  readonly #clock: MonotonicClock;
  readonly #slots = new Map<number, Slot>();
  #alarm: { readonly dueMs: number; readonly timer: Timer } | undefined;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  set<Input extends string>(delayMs: number, sleeper: Sleeper<Input>, input: Input): WheelTimer {
    const slotMs = slotMsOf(delayMs);
    const dueMs = Math.ceil((this.#clock.elapsed() + delayMs) / slotMs) * slotMs;
    const slot = this.#slots.get(dueMs) ?? this.#open(dueMs);
    const timer: WheelTimer = { slot, sleeper, input };
    slot.timers.add(timer);
    return timer;
  }

  cancel(timer: WheelTimer): void {
    const { slot } = timer;
    slot.timers.delete(timer);
    if (slot.timers.size > 0 || this.#slots.get(slot.dueMs) !== slot) return;
    this.#slots.delete(slot.dueMs);
    if (this.#slots.size === 0) this.#disarm();
  }

  #open(dueMs: number): Slot {
    const slot: Slot = { dueMs, timers: new Set() };
    this.#slots.set(dueMs, slot);
    this.#arm(dueMs);
    return slot;
  }

  /** Does nothing where the alarm goes off before that. */
  #arm(dueMs: number): void {
    if (this.#alarm !== undefined && this.#alarm.dueMs <= dueMs) return;
    this.#disarm();
    const timer = this.#clock.setTimer(dueMs - this.#clock.elapsed(), () => this.#fire(dueMs));
    this.#alarm = { dueMs, timer };
  }

  #disarm(): void {
    this.#alarm?.timer.cancel();
    this.#alarm = undefined;
  }

  /** @param dueMs what the alarm was set for: the clock's timers may go off a fraction of a millisecond early */
  #fire(dueMs: number): void {
    this.#alarm = undefined;
    const untilMs = Math.max(dueMs, this.#clock.elapsed());
    const due = [...this.#slots.values()].filter((slot) => slot.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const slot of due) this.#slots.delete(slot.dueMs);
    for (const { timers } of due) {
      for (const timer of timers) {
        timers.delete(timer);
        timer.sleeper.take(timer.input);
      }
    }
    if (this.#slots.size > 0) this.#arm(Math.min(...this.#slots.keys()));
  }
}
