import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { CallEvent, Change } from './call-events.ts';
import type { CallRecord } from './call-record.ts';
import type { LegRole } from './call-state.ts';
import type { CallProgress, CallStore, IdempotencyRecord, Written } from './call-store.ts';
import { CallNotCarriedError } from './errors.ts';

/** How long to wait before a failed write is tried again; the last one stands for all that follow. */
const RETRY_AFTER_MS: readonly [number, ...number[]] = [250, 500, 1000, 2000];

const retryAfterMs = (failures: number): number =>
  RETRY_AFTER_MS[Math.min(failures, RETRY_AFTER_MS.length) - 1] ?? RETRY_AFTER_MS[0];

/** What journals share. */
interface JournalParts {
  readonly store: CallStore;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/** The call that a journal is of. */
export interface JournalledCall {
  /** A change is journalled; in order. */
  published(call: CallRecord, event: CallEvent): void;
  /** The call is not ours any more in the journal: nothing is written of it from now on. */
  disowned(): void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** Of a call that is held: one for all of them. */
const nobody: readonly Waiter[] = [];
const nothing: readonly Change[] = [];

const roles: readonly LegRole[] = ['caller', 'callee'];

const changedLegs = (batch: readonly Change[]): readonly LegRole[] =>
  roles.filter((role) => batch.some(({ legs }) => legs.includes(role)));

/** @param batch - at least one change */
const progressOf = (batch: readonly Change[]): CallProgress => {
  const newest = batch.at(-1);
  if (newest === undefined) throw new Error('there is nothing to journal');
  return {
    call: newest.call,
    changedLegs: batch.length === 1 ? newest.legs : changedLegs(batch),
    events: batch.map(({ event }) => event),
  };
};

/**
 * Writes the changes of one call in their order and publishes each only when it is committed. Changes that arrive until
 * their commit begins, or while the one before it is under way, are written together: one update, one row of events. What
 * cannot be written is tried again for as long as the process lives: a disk that is full for an hour delays the journal, and
 * neither ends a call nor loses what became of it.
 */
export class CallJournal {
  readonly #of: JournalledCall;
  readonly #parts: JournalParts;
  #waiting: readonly Waiter[] = nobody;
  /** What no commit has begun to write. */
  #pending: readonly Change[] = nothing;
  #failures = 0;
  /** Ends the pause before the next try, while there is one. */
  #endPause: (() => void) | undefined;
  #state: 'opening' | 'idle' | 'writing' | 'closed' = 'opening';

  constructor(of: JournalledCall, parts: JournalParts) {
    this.#of = of;
    this.#parts = parts;
  }

  /** Journals the call itself. @returns the record that already holds the key: nothing was written then */
  async open(created: Change, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined> {
    try {
      const existing = await this.#parts.store.insert(created.call, created.event, idempotency);
      if (existing !== undefined) {
        this.#close();
        return existing;
      }
    } catch (error) {
      this.#close();
      throw error;
    }
    this.#publish(created.call, created.event);
    this.#state = 'idle';
    this.#wake();
    return undefined;
  }

  append(changes: readonly Change[]): void {
    this.#pending = this.#pending.length === 0 ? changes : [...this.#pending, ...changes];
    this.#wake();
  }

  /**
   * Resolves when all that was appended is committed; rejects when a write of it fails, though it is tried again. A
   * write that waits to be tried again is tried at once: a request is waiting for it.
   * @throws CallNotCarriedError when the call is not ours in the journal
   */
  flush(): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new CallNotCarriedError());
    if (this.#pending.length === 0 && this.#state === 'idle') return Promise.resolve();
    this.#endPause?.();
    this.#parts.store.hurry();
    return new Promise((resolve, reject) => (this.#waiting = [...this.#waiting, { resolve, reject }]));
  }

  #wake(): void {
    if (this.#state !== 'idle' || this.#pending.length === 0) return;
    this.#state = 'writing';
    void this.#write();
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const written = await this.#writeBatch();
      if (written === 'not-owned') {
        this.#disown();
        return;
      }
    }
    this.#state = 'idle';
    for (const { resolve } of this.#takeWaiting()) resolve();
  }

  /** Writes all that waits, together, and publishes it; where that fails it stays for the next time, after a pause. */
  async #writeBatch(): Promise<Written | 'failed'> {
    const { store } = this.#parts;
    let batch: readonly Change[] | undefined;
    try {
      const writing = store.follow(() => progressOf((batch ??= this.#takePending())));
      if (this.#waiting.length > 0) store.hurry();
      const written = await writing;
      if (written === 'not-owned') return written;
    } catch (error) {
      this.#pending = [...(batch ?? []), ...this.#pending];
      await this.#waitAfter(asError(error));
      return 'failed';
    }
    this.#failures = 0;
    for (const { call, event } of batch ?? []) this.#publish(call, event);
    return 'written';
  }

  #takePending(): readonly Change[] {
    const taken = this.#pending;
    this.#pending = nothing;
    return taken;
  }

  #takeWaiting(): readonly Waiter[] {
    const taken = this.#waiting;
    this.#waiting = nobody;
    return taken;
  }

  async #waitAfter(failure: Error): Promise<void> {
    const tokenCall = this.#pending[0]?.call.tokenCall;
    this.#failures += 1;
    // One line an outage: each call would say it again every two seconds.
    const attempt = this.#failures;
    if (attempt === 1) this.#parts.log.error({ err: failure, token_call: tokenCall }, 'a call could not be journalled');
    else this.#parts.log.debug({ token_call: tokenCall, attempt }, 'a call could still not be journalled');
    this.#reject(failure);
    await this.#pause(retryAfterMs(attempt));
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(milliseconds, resolve);
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Another node, or a start after us, has taken the call: the journal is theirs. */
  #disown(): void {
    this.#close();
    this.#of.disowned();
  }

  #close(): void {
    this.#state = 'closed';
    this.#pending = nothing;
    this.#reject(new CallNotCarriedError());
  }

  #reject(reason: Error): void {
    for (const { reject } of this.#takeWaiting()) reject(reason);
  }

  #publish(call: CallRecord, event: CallEvent): void {
    try {
      this.#of.published(call, event);
    } catch (error) {
      this.#parts.log.error({ err: error, token_call: call.tokenCall }, 'a listener to calls failed');
    }
  }
}
