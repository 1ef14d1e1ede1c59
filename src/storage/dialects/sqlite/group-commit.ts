import type { MonotonicClock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import { DatabaseClosedError, DatabaseUnavailableError } from '../../errors.ts';
import type { Pace, UnitOfWork } from '../../unit-of-work.ts';
import { begin, commitGroup, type Pending } from './group-transaction.ts';
import type { LogFlush } from './log-flush.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { reasonOf } from './sqlite-failure.ts';
import { LOCK_WAIT_MS, lockBackoff, sleep } from './waiting.ts';

interface GroupCommitOptions {
  readonly connection: SqliteConnection;
  readonly flush: LogFlush;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** The least time from one commit to the next while no write is `prompt`. */
  readonly pauseMs: number;
  /** `beside`: a lock that is held is waited for beside the event loop; `inside`: SQLite has waited already. */
  readonly lockWait: 'beside' | 'inside';
  /** Hears of each group that was lost. */
  readonly onLoss?: (error: DatabaseUnavailableError) => void;
}

/** A commit that held the event loop so long delays calls and SIP timers. */
const SLOW_COMMIT_MS = 100;

/** Keeps one commit from holding the event loop for long: 256 calls are about 10 ms. */
const UNITS_A_COMMIT = 256;

/**
 * Commits the writes of one turn of the event loop together, so that the disk is waited for once; under load also those
 * of the turns within `pauseMs` of the last commit. A unit that fails is undone alone, and the others are committed. Units
 * run in the order they came in.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #lockBackoff = lockBackoff();
  #queue: Pending[] = [];
  #pace: Pace = 'shared';
  #committedAt = -Infinity;
  #committing: Promise<void> | undefined;
  /** The pause before the next commit, while there is one; aborted, it ends at once. */
  #pause: AbortController | undefined;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the unit is on the disk; rejects with its own error when it alone was undone.
   * @throws DatabaseUnavailableError when the group that it was in was lost
   */
  write<Result>(unit: () => UnitOfWork<Result>, pace: Pace = 'shared'): Promise<Result> {
    if (this.#closed) return Promise.reject(new DatabaseClosedError());
    const { failure } = this.#options.flush;
    if (failure !== undefined) return Promise.reject(failure);
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ unit, resolve: resolve as (result: unknown) => void, reject });
      if (pace === 'prompt') this.#endPause();
      this.#committing ??= this.#commitAll();
    });
  }

  /** Commits what is waiting, without a pause, and refuses what comes later. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endPause();
    await this.#committing;
  }

  async #commitAll(): Promise<void> {
    const { lock } = this.#options.connection;
    while (this.#queue.length > 0) {
      await this.#gather();
      while (this.#remainingMs() > 0) await this.#waitFor(this.#remainingMs());
      await lock.acquire();
      const state = await this.#commitNext().finally(() => lock.release());
      if (state === 'locked') await sleep(this.#options.clock, this.#lockBackoff.next());
      else this.#lockBackoff.reset();
    }
    this.#committing = undefined;
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
    return this.#committedAt + this.#options.pauseMs - this.#options.clock.elapsed();
  }

  /** Resolves when the time is over, or the pause is ended. */
  async #waitFor(milliseconds: number): Promise<void> {
    const pause = new AbortController();
    this.#pause = pause;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimer(milliseconds, resolve);
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

  /** One group, from its transaction to the end of its flush. */
  async #commitNext(): Promise<'over' | 'locked'> {
    const { connection, clock } = this.#options;
    this.#pace = 'shared';
    const startedAt = clock.elapsed();
    const refused = begin(connection);
    if (refused?.state === 'locked' && this.#options.lockWait === 'beside') return this.#waitOn(refused.error);
    const group = this.#queue.splice(0, UNITS_A_COMMIT);
    const outcome = refused ?? commitGroup(connection, group);
    this.#committedAt = clock.elapsed();
    this.#reportIfSlow({ units: group.length, milliseconds: Math.round(this.#committedAt - startedAt) });
    if (outcome.state === 'committed') await this.#persist(group, outcome.settlements);
    else if (outcome.state === 'locked' && this.#options.lockWait === 'beside') {
      this.#queue.unshift(...group);
      return this.#waitOn(outcome.error);
    } else this.#lose(group, unavailable(outcome.error));
    return 'over';
  }

  /** Refuses what has waited too long; the rest is tried again. */
  #waitOn(error: unknown): 'locked' {
    const now = this.#options.clock.elapsed();
    for (const pending of this.#queue) pending.lockedSince ??= now;
    const isLate = ({ lockedSince = now }: Pending): boolean => now - lockedSince >= LOCK_WAIT_MS;
    const late = this.#queue.filter(isLate);
    if (late.length > 0) {
      this.#queue = this.#queue.filter((pending) => !isLate(pending));
      this.#lose(late, unavailable(error));
    }
    return 'locked';
  }

  /** @param report - how many units shared the transaction, and how long it held the event loop */
  #reportIfSlow(report: { readonly units: number; readonly milliseconds: number }): void {
    if (report.milliseconds >= SLOW_COMMIT_MS) this.#options.log.warn(report, 'a commit held the event loop');
  }

  /** No unit is settled before its commit is safe. */
  async #persist(group: readonly Pending[], settlements: readonly (() => void)[]): Promise<void> {
    try {
      await this.#options.flush.flush();
    } catch (error) {
      this.#lose(group, unavailable(error));
      const { failure } = this.#options.flush;
      // Those that came meanwhile were not even begun.
      if (failure !== undefined) this.#lose(this.#queue.splice(0), failure);
      return;
    }
    for (const settle of settlements) settle();
  }

  #lose(group: readonly Pending[], error: DatabaseUnavailableError): void {
    this.#options.onLoss?.(error);
    for (const { reject } of group) reject(error);
  }
}

const unavailable = (cause: unknown): DatabaseUnavailableError =>
  cause instanceof DatabaseUnavailableError
    ? cause
    : new DatabaseUnavailableError(reasonOf(cause) ?? 'failed', { cause });

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
