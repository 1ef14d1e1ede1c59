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
  /** How long writes that nobody waits for may wait for one that somebody does. */
  readonly companyMs: number;
  /** `beside`: a lock that is held is waited for beside the event loop; `inside`: SQLite has waited already. */
  readonly lockWait: 'beside' | 'inside';
  /** Hears of each group that is safe, and how long that took from the beginning of its transaction. */
  readonly onCommit?: ((units: number, milliseconds: number) => void) | undefined;
  /** Hears of each group that was lost. */
  readonly onLoss?: (error: DatabaseUnavailableError) => void;
}

/** A commit that held the event loop so long delays calls and SIP timers. */
const SLOW_COMMIT_MS = 100;

/** Keeps one commit from holding the event loop for long: 256 calls are about 10 ms. */
const UNITS_A_COMMIT = 256;

/** So many writes that somebody waits for within so long are busy times: one alone comes every 7 ms at 75 calls a second. */
const BUSY_WRITES = 8;
const BUSY_WITHIN_MS = 20;

/**
 * Commits the writes that wait together, so that the disk is waited for once. What somebody waits for is begun at once, or
 * the moment that the commit under way is over, and takes along what nobody waits for. In busy times commits begin at
 * least half of `companyMs` apart: each costs about 0.2 ms of processor time, and then a few milliseconds of waiting are
 * less than those that the processor would be late. A unit that fails is undone alone, and the others are committed. Units
 * run in the order they came in.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #lockBackoff = lockBackoff();
  #queue: Pending[] = [];
  /** Of the next commit. */
  #pace: Pace = 'in-company';
  #committing: Promise<void> | undefined;
  /** Ends the wait for company, while there is one. */
  #endWait: (() => void) | undefined;
  /** Ends the rest between two commits of busy times. */
  #endRest: (() => void) | undefined;
  #closed = false;
  #begunAt = -Infinity;
  /** When the latest writes came that somebody waits for: the oldest is replaced next. */
  readonly #arrivals = new Array<number>(BUSY_WRITES).fill(-Infinity);
  #oldest = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the unit is on the disk; rejects with its own error when it alone was undone.
   * @throws DatabaseUnavailableError when the group that it was in was lost
   */
  write<Result>(unit: () => UnitOfWork<Result>, pace: Pace = 'at-once'): Promise<Result> {
    if (this.#closed) return Promise.reject(new DatabaseClosedError());
    const { failure } = this.#options.flush;
    if (failure !== undefined) return Promise.reject(failure);
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ unit, resolve: resolve as (result: unknown) => void, reject });
      if (pace === 'at-once') {
        this.#arrivals[this.#oldest] = this.#options.clock.elapsed();
        this.#oldest = (this.#oldest + 1) % BUSY_WRITES;
        this.hurry();
      }
      this.#committing ??= this.#commitAll();
    });
  }

  /** Somebody waits now: what was written in company is committed at once. */
  hurry(): void {
    this.#pace = 'at-once';
    this.#endWait?.();
  }

  /** Commits what is waiting, at once, and refuses what comes later. */
  async close(): Promise<void> {
    this.#closed = true;
    this.hurry();
    this.#endRest?.();
    await this.#committing;
  }

  async #commitAll(): Promise<void> {
    const { connection, companyMs } = this.#options;
    const { lock } = connection;
    while (this.#queue.length > 0) {
      if (this.#pace === 'in-company' && companyMs > 0) await this.#waitForCompany();
      const restMs = this.#restMs();
      if (restMs > 0) await this.#rest(restMs);
      await this.#gather();
      await lock.acquire();
      const state = await this.#commitNext().finally(() => lock.release());
      if (state === 'locked') await sleep(this.#options.clock, this.#lockBackoff.next());
      else this.#lockBackoff.reset();
    }
    this.#committing = undefined;
  }

  /** Resolves when the time is over, or somebody waits. */
  async #waitForCompany(): Promise<void> {
    await this.#wait(this.#options.companyMs, (end) => (this.#endWait = end));
    this.#endWait = undefined;
  }

  /** How long the next commit is to wait after the last, in busy times. */
  #restMs(): number {
    const now = this.#options.clock.elapsed();
    const isBusy = now - (this.#arrivals[this.#oldest] ?? -Infinity) < BUSY_WITHIN_MS;
    return isBusy && !this.#closed ? this.#begunAt + this.#options.companyMs / 2 - now : 0;
  }

  async #rest(restMs: number): Promise<void> {
    await this.#wait(restMs, (end) => (this.#endRest = end));
    this.#endRest = undefined;
  }

  async #wait(delayMs: number, endBy: (end: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimer(delayMs, resolve);
      endBy(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** A turn of the event loop, and more for as long as each brings more: the disk is waited for once for them all. */
  async #gather(): Promise<void> {
    for (let before = -1; this.#queue.length > before && this.#queue.length < UNITS_A_COMMIT;) {
      before = this.#queue.length;
      await nextTurn();
    }
  }

  /** One group, from its transaction to the end of its flush. */
  async #commitNext(): Promise<'over' | 'locked'> {
    const { connection, clock } = this.#options;
    const startedAt = clock.elapsed();
    this.#begunAt = startedAt;
    const refused = begin(connection);
    if (refused?.state === 'locked' && this.#options.lockWait === 'beside') return this.#waitOn(refused.error);
    const group = this.#queue.splice(0, UNITS_A_COMMIT);
    // What is left of so many has company enough.
    if (this.#queue.length === 0) this.#pace = 'in-company';
    const outcome = refused ?? commitGroup(connection, group);
    this.#reportIfSlow({ units: group.length, milliseconds: Math.round(clock.elapsed() - startedAt) });
    if (outcome.state === 'committed') await this.#persist(group, outcome.settlements);
    else if (outcome.state === 'locked' && this.#options.lockWait === 'beside') {
      this.#queue.unshift(...group);
      return this.#waitOn(outcome.error);
    } else this.#lose(group, unavailable(outcome.error));
    return 'over';
  }

  /** Refuses what has waited too long; the rest is tried again. */
  #waitOn(error: unknown): 'locked' {
    this.#pace = 'at-once';
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
    const { clock, onCommit } = this.#options;
    onCommit?.(group.length, clock.elapsed() - this.#begunAt);
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
