import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { CallEvent, Change } from './call-events.ts';
import type { CallRecord } from './call-record.ts';
import type { LegRole } from './call-state.ts';
import type { CallStore, IdempotencyRecord, Written } from './call-store.ts';
import { CallNotCarriedError } from './errors.ts';

/** How long to wait before a failed write is tried again; the last one stands for all that follow. */
const RETRY_AFTER_MS: readonly [number, ...number[]] = [250, 500, 1000, 2000];

const retryAfterMs = (failures: number): number =>
  RETRY_AFTER_MS[Math.min(failures, RETRY_AFTER_MS.length) - 1] ?? RETRY_AFTER_MS[0];

export interface CallJournalOptions {
  readonly store: CallStore;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Called with each change once it is journalled, in order. */
  readonly published: (call: CallRecord, event: CallEvent) => void;
  /** The call is not ours any more in the journal: nothing is written of it from now on. */
  readonly disowned: () => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

const changedLegs = (batch: readonly Change[]): readonly LegRole[] => [...new Set(batch.flatMap(({ legs }) => legs))];

/**
 * Writes the changes of one call in their order and publishes each only when it is committed. Changes that arrive
 * together, or while a commit is under way, are written together. What cannot be written is tried again for as long as
 * the process lives: a disk that is full for an hour delays the journal, and neither ends a call nor loses what became of it.
 */
export class CallJournal {
  readonly #options: CallJournalOptions;
  readonly #waiting: Waiter[] = [];
  #pending: Change[] = [];
  #failures = 0;
  #endPause: () => void = () => undefined;
  #state: 'opening' | 'idle' | 'writing' | 'closed' = 'opening';

  constructor(options: CallJournalOptions) {
    this.#options = options;
  }

  /** Journals the call itself. @returns the record that already holds the key: nothing was written then */
  async open(created: Change, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined> {
    try {
      const existing = await this.#options.store.insert(created.call, created.event, idempotency);
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
    this.#pending.push(...changes);
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
      const written = await this.#writeBatch();
      if (written === 'not-owned') {
        this.#disown();
        return;
      }
    }
    this.#state = 'idle';
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Writes all that waits, together, and publishes it; where that fails it stays for the next time, after a pause. */
  async #writeBatch(): Promise<Written | 'failed'> {
    const batch = this.#pending;
    const newest = batch.at(-1);
    if (newest === undefined) return 'written';
    this.#pending = [];
    const legs = batch.length === 1 ? newest.legs : changedLegs(batch);
    const events = batch.map(({ event }) => event);
    try {
      const written = await this.#options.store.update(newest.call, legs, events);
      if (written === 'not-owned') return written;
    } catch (error) {
      this.#pending = [...batch, ...this.#pending];
      await this.#waitAfter(asError(error), newest.call);
      return 'failed';
    }
    this.#failures = 0;
    for (const { call, event } of batch) this.#publish(call, event);
    return 'written';
  }

  async #waitAfter(failure: Error, { tokenCall }: CallRecord): Promise<void> {
    this.#failures += 1;
    // One line an outage: each call would say it again every two seconds.
    const attempt = this.#failures;
    if (attempt === 1)
      this.#options.log.error({ err: failure, token_call: tokenCall }, 'a call could not be journalled');
    else this.#options.log.debug({ token_call: tokenCall, attempt }, 'a call could still not be journalled');
    this.#reject(failure);
    await this.#pause(retryAfterMs(attempt));
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

  /** Another node, or a start after us, has taken the call: the journal is theirs. */
  #disown(): void {
    this.#close();
    this.#options.disowned();
  }

  #close(): void {
    this.#state = 'closed';
    this.#pending = [];
    this.#reject(new CallNotCarriedError());
  }

  #reject(reason: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  #publish(call: CallRecord, event: CallEvent): void {
    try {
      this.#options.published(call, event);
    } catch (error) {
      this.#options.log.error({ err: error, token_call: call.tokenCall }, 'a listener to calls failed');
    }
  }
}
