import type { Clock, Timer } from '../../src/shared/clock.ts';

interface Pending {
  readonly due: number;
  readonly order: number;
  readonly task: () => void;
}

/**
 * A clock that stands still until it is advanced. Timers fire in the order of their time, then of their setting. A step
 * moves the wall clock alone.
 */
export class FakeClock implements Clock {
  #now: number;
  #stepped = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(start = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = start;
  }

  now(): number {
    return this.#now + this.#stepped;
  }

  elapsed(): number {
    return this.#now;
  }

  /** Sets the wall clock forward or back; no timer takes notice. */
  step(milliseconds: number): void {
    this.#stepped += milliseconds;
  }

  setTimer(delayMs: number, task: () => void): Timer {
    this.#order += 1;
    const pending: Pending = { due: this.#now + delayMs, order: this.#order, task };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** How many timers are set: zero when nothing is left behind. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Moves time on, firing every timer that falls due, those set meanwhile included. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.task();
    }
    this.#now = end;
  }

  /** The same, letting promises settle before and after each timer. */
  async advanceAsync(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.task();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #nextUntil(end: number): Pending | undefined {
    let next: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.due > end) continue;
      if (next === undefined || pending.due < next.due || (pending.due === next.due && pending.order < next.order)) {
        next = pending;
      }
    }
    return next;
  }
}

/** Lets everything that is ready to run, run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
