import type { MonotonicClock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import { DatabaseClosedError, DatabaseUnavailableError } from '../../errors.ts';
import type { Pace, UnitOfWork } from '../../unit-of-work.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

interface GroupCommitOptions {
  readonly connection: SqliteConnection;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** The least time from one commit to the next while no write is `prompt`. */
  readonly pauseMs: number;
}

/** A commit that held the event loop so long delays calls and SIP timers. */
const SLOW_COMMIT_MS = 100;

/** Keeps one commit from holding the event loop for long: 256 calls are about 10 ms. */
const UNITS_A_COMMIT = 256;

interface Pending {
  readonly unit: () => UnitOfWork<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Settles the promise of one unit, once the commit is over. */
type Settlement = () => void;

/**
 * Commits the writes of one turn of the event loop together, so that the disk is waited for once; under load also those
 * of the turns within `pauseMs` of the last commit. A unit that fails is undone alone, and the others are committed: the
 * group is then run again, each unit in a savepoint. Units run in the order they came in.
 */
export class GroupCommit {
  readonly #connection: SqliteConnection;
  readonly #clock: MonotonicClock;
  readonly #log: Log;
  readonly #pauseMs: number;
  readonly #queue: Pending[] = [];
  #pace: Pace = 'shared';
  #committedAt = -Infinity;
  #flushing: Promise<void> | undefined;
  /** The pause before the next commit, while there is one; aborted, it ends at once. */
  #pause: AbortController | undefined;
  #closed = false;

  constructor({ connection, clock, log, pauseMs }: GroupCommitOptions) {
    this.#pauseMs = pauseMs;
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Resolves when the unit is on the disk; rejects with its own error when it alone was undone.
   * @throws DatabaseUnavailableError when the group that it was in was lost
   */
  write<Result>(unit: () => UnitOfWork<Result>, pace: Pace = 'shared'): Promise<Result> {
    if (this.#closed) return Promise.reject(new DatabaseClosedError());
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ unit, resolve: resolve as (result: unknown) => void, reject });
      if (pace === 'prompt') this.#endPause();
      this.#flushing ??= this.#flush();
    });
  }

  /** Commits what is waiting, without a pause, and refuses what comes later. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endPause();
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#gather();
      while (this.#remainingMs() > 0) await this.#waitFor(this.#remainingMs());
      await this.#connection.lock.acquire();
      this.#pace = 'shared';
      const batch = this.#queue.splice(0, UNITS_A_COMMIT);
      const startedAt = this.#clock.elapsed();
      const settlements = this.#commit(batch);
      this.#connection.lock.release();
      this.#committedAt = this.#clock.elapsed();
      this.#reportIfSlow({ units: batch.length, milliseconds: Math.round(this.#committedAt - startedAt) });
      for (const settle of await this.#persisted(batch, settlements)) settle();
    }
    this.#flushing = undefined;
  }

  /** A turn of the event loop, and more for as long as each brings more: the disk is waited for once for them all. */
  async #gather(): Promise<void> {
    for (let before = -1; this.#queue.length > before && this.#queue.length < UNITS_A_COMMIT;) {
      before = this.#queue.length;
      await nextTurn();
    }
  }

  #remainingMs(): number {
    if (this.#closed || this.#pace === 'prompt') return 0;
    return this.#committedAt + this.#pauseMs - this.#clock.elapsed();
  }

  /** Resolves when the time is over, or the pause is ended. */
  async #waitFor(milliseconds: number): Promise<void> {
    const pause = new AbortController();
    this.#pause = pause;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(milliseconds, resolve);
      pause.signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
    this.#pause = undefined;
  }

  /** Lets the next commit begin at once. */
  #endPause(): void {
    this.#pace = 'prompt';
    this.#pause?.abort();
  }

  /** @param report - how many units shared the transaction, and how long it held the event loop */
  #reportIfSlow(report: { readonly units: number; readonly milliseconds: number }): void {
    if (report.milliseconds >= SLOW_COMMIT_MS) this.#log.warn(report, 'a commit held the event loop');
  }

  #commit(batch: readonly Pending[]): Settlement[] {
    return this.#commitTogether(batch) ?? this.#commitApart(batch);
  }

  /** No unit is settled before its commit is safe. */
  async #persisted(batch: readonly Pending[], settlements: Settlement[]): Promise<Settlement[]> {
    try {
      await this.#connection.persist();
      return settlements;
    } catch (error) {
      return failed(batch, error);
    }
  }

  /**
   * The usual case, without savepoints.
   * @returns undefined where a unit failed: nothing was written then
   */
  #commitTogether(batch: readonly Pending[]): Settlement[] | undefined {
    try {
      this.#connection.command('begin immediate');
      const settlements = batch.map(({ unit, resolve }): Settlement => {
        const result = this.#drive(unit());
        return () => resolve(result);
      });
      this.#connection.command('commit');
      return settlements;
    } catch {
      this.#rollBack();
      return undefined;
    }
  }

  /** Each unit in a savepoint of its own, so that one that fails is undone alone. */
  #commitApart(batch: readonly Pending[]): Settlement[] {
    try {
      this.#connection.command('begin immediate');
      const settlements = batch.map((pending) => this.#perform(pending));
      this.#connection.command('commit');
      return settlements;
    } catch (error) {
      this.#rollBack();
      return failed(batch, error);
    }
  }

  #rollBack(): void {
    if (this.#connection.inTransaction) this.#connection.command('rollback');
  }

  #perform({ unit, resolve, reject }: Pending): Settlement {
    this.#connection.command('savepoint unit');
    try {
      const result = this.#drive(unit());
      this.#connection.command('release unit');
      return () => resolve(result);
    } catch (error) {
      // A full disk ends the whole transaction: then there is no savepoint left to go back to.
      if (!this.#connection.inTransaction) throw error;
      this.#connection.command('rollback to unit');
      this.#connection.command('release unit');
      return () => reject(error);
    }
  }

  #drive<Result>(unit: UnitOfWork<Result>): Result {
    let step = unit.next();
    while (step.done !== true) step = unit.next(this.#connection.execute(step.value));
    return step.value;
  }
}

const failed = (batch: readonly Pending[], error: unknown): Settlement[] => {
  const failure = new DatabaseUnavailableError(error);
  return batch.map(
    ({ reject }) =>
      () =>
        reject(failure),
  );
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
