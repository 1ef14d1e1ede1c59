import type { CompiledQuery, Kysely } from 'kysely';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { UnavailableReason } from './errors.ts';
import type { Schema } from './schema.ts';
import type { Pace, UnitOfWork } from './unit-of-work.ts';

/** That this process serves a database, and no other one does. */
export interface DatabaseLock {
  /** Lets another process serve it. The end of this process does so too, whatever it is. Idempotent. */
  release(): void;
}

/** Whether a serving process can store, as it is now: the same object says something else later. */
export interface DatabaseHealth {
  readonly state: 'available' | 'unavailable';
  /** Of the outage; undefined while the database is available. */
  readonly reason: UnavailableReason | undefined;
  /** When the outage began, by the monotonic clock; undefined while the database is available. */
  readonly since: number | undefined;
}

/** What the stores know of a database: nothing of which one it is. */
export interface Database {
  /** Builds queries. Stores execute them through `read` and `write`. */
  readonly builder: Kysely<Schema>;
  /** Of a process that serves; of any other it stays available, since nobody asks there. */
  readonly health: DatabaseHealth;
  /**
   * Sees every commit made before it, those of other processes included. What this process has committed and not yet
   * flushed is waited for: nobody is told what a loss of power could take back.
   * @throws DatabaseUnavailableError when the file cannot be read
   */
  read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]>;
  /**
   * Runs a unit of work, all of it or nothing. Resolves when it is committed: from then on it survives kill -9, and a
   * loss of power too unless the address says `synchronous=normal`. Units that wait at the same time share a commit
   * and run in the order of their calls; where one fails, only its own caller gets the error.
   * @param pace - `at-once` unless said otherwise
   * @throws DatabaseUnavailableError when the disk is full or fails, or another process wrote for more than 5 s; its
   *   `outcome` says whether the write may have been kept
   * @throws DatabaseClosedError after `close`
   */
  write<Result>(unit: () => UnitOfWork<Result>, pace?: Pace): Promise<Result>;
  /** Commits at once what waits for company: somebody waits for it now. */
  hurry(): void;
  /** Commits what is waiting, then lets the file go. Idempotent. */
  close(): Promise<void>;
}

/** A backup that was made. */
export interface DatabaseCopy {
  readonly file: string;
  readonly bytes: number;
  /** Of the key file that belongs to it, and is not in it; null where none was ever needed. */
  readonly keyFingerprint: string | null;
}

/** What every dialect is opened with. A commit that holds the event loop for long is logged. */
export interface DatabaseOptions {
  /** `sqlite:data/offhook.db`, perhaps with `?synchronous=normal`. Directory and file are made where missing. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For the process that serves the database: it never stands still for a lock or for the disk. */
  readonly serving?: ServingOptions;
}

/**
 * A process that serves waits for locks and flushes beside its event loop, by timers of the clock. A command has no loop
 * to protect, and the timers of the system clock would not keep it alive: SQLite waits there.
 */
export interface ServingOptions {
  /** How long a write that nobody waits for may wait for one that somebody does: they share the wait for the disk. */
  readonly companyMs: number;
  /** Moves what was committed into the file so often, on a thread of its own; without it a writer does so at times. */
  readonly checkpointEveryMs?: number;
  /** Hears of each commit that is safe: how many units shared it, and how long it took with its flush, in milliseconds. */
  readonly onCommit?: (units: number, milliseconds: number) => void;
}
