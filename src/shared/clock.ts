/** A timer that was set. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Dates what is stored, shown or signed. It may be set forward and back at any moment. */
export interface WallClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Measures durations within this process: it never goes back, whatever is done to the wall clock. */
export interface MonotonicClock {
  /** Milliseconds since some moment; fractions too. Of use only as a difference to another one. */
  elapsed(): number;
  /** Runs `task` once, `delayMs` from now. */
  setTimer(delayMs: number, task: () => void): Timer;
}

/**
 * Both, for a part that dates and measures. Time is an argument, so that tests advance it. What only measures asks for a
 * `MonotonicClock`, what only dates for a `WallClock`: then the two cannot be mistaken for each other.
 */
export interface Clock extends WallClock, MonotonicClock {}

/** The clocks of the machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimer: (delayMs, task) => {
    const handle = setTimeout(task, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** The same with timers that keep the process alive, for a command that waits: nothing else does so there. */
export const waitingClock: Clock = {
  ...systemClock,
  setTimer: (delayMs, task) => {
    const handle = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Dates that no step of the wall clock moves: the wall clock's as it was now, and the time that passes from now on. For
 * what lasts so many seconds in this process and is read again by the next one, such as the registration of a phone.
 */
export const createSteadyClock = (clock: Clock): WallClock => {
  const beganAt = clock.now() - clock.elapsed();
  return { now: () => Math.round(beganAt + clock.elapsed()) };
};
