import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { type Change, toCallEvent } from './call-events.ts';
import type { LegRole } from './call-state.ts';
import type { CallEvent, CallRecord, CallStore, IdempotencyRecord } from './call-store.ts';

/** How long to wait before a failed write is tried again; after the last one the journal gives up. */
const RETRY_AFTER_MS: readonly number[] = [250, 1000, 4000, 15_000, 30_000];

export interface CallJournalOptions {
  readonly store: CallStore;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Called with each change once it is journalled, in order. */
  readonly published: (call: CallRecord, event: CallEvent) => void;
  /** A write failed; it is tried again. */
  readonly failed: () => void;
  /** The journal could not be written for too long: what is left of the call is left to the next start. */
  readonly gaveUp: () => void;
}

/** A change on its way into the journal; its number within the call is its own from the start. */
interface Entry {
  readonly change: Change;
  readonly event: CallEvent;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

const changedLegs = (batch: readonly Entry[]): readonly LegRole[] => [
  ...new Set(batch.flatMap(({ change }) => change.legs)),
];

/**
 * Writes the changes of one call in their order and publishes each only when it is committed. Changes that arrive
 * together, or while a commit is under way, are written together.
 */
export class CallJournal {
  readonly #options: CallJournalOptions;
  readonly #waiting: Waiter[] = [];
  #pending: Entry[] = [];
  #sequence = 1;
  #failures = 0;
  #endPause: () => void = () => undefined;
  #state: 'opening' | 'idle' | 'writing' | 'given-up' = 'opening';

  constructor(options: CallJournalOptions) {
    this.#options = options;
  }

  /** Journals the call itself. @returns the record that already holds the key: nothing was written then */
  async open(created: Change, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined> {
    const event = toCallEvent(created, 1);
    try {
      const existing = await this.#options.store.insert(created.call, event, idempotency);
      if (existing !== undefined) {
        this.#giveUp(new Error('the call was placed before'));
        return existing;
      }
    } catch (error) {
      this.#giveUp(asError(error));
      throw error;
    }
    this.#publish(created.call, event);
    this.#state = 'idle';
    this.#wake();
    return undefined;
  }

  append(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#sequence += 1;
      this.#pending.push({ change, event: toCallEvent(change, this.#sequence) });
    }
    this.#wake();
  }

  /**
   * Resolves when all that was appended is committed; rejects when a write of it fails, though it is tried again. A
   * write that waits to be tried again is tried at once: a request is waiting for it.
   */
  flush(): Promise<void> {
    if (this.#state === 'given-up') return Promise.reject(new Error('the call is not journalled any more'));
    if (this.#pending.length === 0 && this.#state === 'idle') return Promise.resolve();
    this.#endPause();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #wake(): void {
    if (this.#state !== 'idle' || this.#pending.length === 0) return;
    this.#state = 'writing';
    void this.#write();
  }

  async #write(): Promise<void> {
    // What the rest of this turn appends goes into the same batch.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const failure = await this.#writeBatch();
      if (failure === undefined) this.#failures = 0;
      else if (!(await this.#mayRetry(failure))) return;
    }
    this.#state = 'idle';
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Writes all that waits, together, and publishes it. @returns why it could not be written */
  async #writeBatch(): Promise<Error | undefined> {
    const batch = this.#pending;
    const newest = batch.at(-1);
    if (newest === undefined) return undefined;
    this.#pending = [];
    const legs = batch.length === 1 ? newest.change.legs : changedLegs(batch);
    const events = batch.map(({ event }) => event);
    try {
      await this.#options.store.update(newest.change.call, legs, events);
    } catch (error) {
      this.#pending = [...batch, ...this.#pending];
      return asError(error);
    }
    for (const { change, event } of batch) this.#publish(change.call, event);
    return undefined;
  }

  async #mayRetry(failure: Error): Promise<boolean> {
    const { log, failed, gaveUp } = this.#options;
    const delay = RETRY_AFTER_MS[this.#failures];
    const tokenCall = this.#pending[0]?.change.call.tokenCall;
    log.error({ err: failure, tokenCall, attempt: this.#failures + 1 }, 'a call could not be journalled');
    this.#failures += 1;
    this.#reject(failure);
    if (this.#failures === 1) failed();
    if (delay === undefined) {
      this.#giveUp(failure);
      gaveUp();
      return false;
    }
    await this.#pause(delay);
    return true;
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(milliseconds, resolve);
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #giveUp(reason: Error): void {
    this.#state = 'given-up';
    this.#reject(reason);
  }

  #reject(reason: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  #publish(call: CallRecord, event: CallEvent): void {
    try {
      this.#options.published(call, event);
    } catch (error) {
      this.#options.log.error({ err: error, tokenCall: call.tokenCall }, 'a listener to calls failed');
    }
  }
}
