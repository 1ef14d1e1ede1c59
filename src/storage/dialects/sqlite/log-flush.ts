import { type FileHandle, open } from 'node:fs/promises';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import { DatabaseUnavailableError } from '../../errors.ts';
import { reasonOf } from './sqlite-failure.ts';
import { Backoff, sleep } from './waiting.ts';

/** What a commit waits for: `full` for the disk, `normal` for the operating system. */
export type Synchronous = 'full' | 'normal';

/** What a serving process does about a flush that fails or does not end. */
export interface FlushRecovery {
  readonly clock: MonotonicClock;
  /** Moves all of the log into the file and begins it anew. */
  readonly rewrite: () => Promise<void>;
}

interface LogFlushOptions {
  /** SQLite keeps the log beside the database while a connection is open. */
  readonly databasePath: string;
  readonly synchronous: Synchronous;
  readonly recovery?: FlushRecovery;
}

/** A flush that takes longer is given up: the disk does not answer. */
const FLUSH_LIMIT_MS = 10_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 2000;

class FlushLimitError extends Error {}

/**
 * Waits for the disk without standing still: SQLite itself would hold the event loop for it at each commit. Its commits
 * only write (`synchronous=NORMAL`); a commit that must survive a loss of power waits for `flush`, as SQLite would under
 * `synchronous=FULL`. Frames are written in their order, and SQLite waits for the disk itself before it moves them on
 * (https://www.sqlite.org/wal.html, "Performance Considerations").
 *
 * After a failed flush in a serving process nothing more may be committed until the log is sound again. To flush again is
 * not enough for that: a system that could not write a page may forget it and report success the next time
 * (https://wiki.postgresql.org/wiki/Fsync_Errors). So the log is moved into the file, which writes its pages anew, and
 * begun again.
 */
export class LogFlush {
  readonly #file: FileHandle | undefined;
  readonly #recovery: FlushRecovery | undefined;
  #failure: DatabaseUnavailableError | undefined;
  #closed = false;

  private constructor(file: FileHandle | undefined, recovery: FlushRecovery | undefined) {
    this.#file = file;
    this.#recovery = recovery;
  }

  /** Opens the log now, while there are descriptors. */
  static async open({ databasePath, synchronous, recovery }: LogFlushOptions): Promise<LogFlush> {
    const file = synchronous === 'full' ? await open(`${databasePath}-wal`, 'r+') : undefined;
    return new LogFlush(file, recovery);
  }

  /** Why nothing may be committed at the moment. */
  get failure(): DatabaseUnavailableError | undefined {
    return this.#failure;
  }

  /**
   * Resolves when all that was committed before is on the disk.
   * @throws DatabaseUnavailableError whose outcome is unknown, when it may not be there
   */
  async flush(): Promise<void> {
    if (this.#file === undefined) return;
    const flushing = this.#file.datasync();
    try {
      await (this.#recovery === undefined ? flushing : withinLimit(flushing, this.#recovery.clock));
    } catch (cause) {
      const reason = cause instanceof FlushLimitError ? 'not-answering' : (reasonOf(cause) ?? 'disk-error');
      if (this.#recovery !== undefined) {
        this.#failure = new DatabaseUnavailableError(reason, { cause });
        void this.#recover(flushing, this.#recovery);
      }
      throw new DatabaseUnavailableError(reason, { cause, outcome: 'unknown' });
    }
  }

  /** Ends a recovery too. Waits for no flush that does not end. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#file?.close();
  }

  /** @param late - the flush that failed; one that was only slow has done its work */
  async #recover(late: Promise<void>, { clock, rewrite }: FlushRecovery): Promise<void> {
    const backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    let isSound = await succeeds(late);
    while (!isSound && !this.#closed) {
      await sleep(clock, backoff.next());
      isSound = await succeeds(rewrite().then(() => this.#file?.datasync()));
    }
    this.#failure = undefined;
  }
}

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  );

const withinLimit = async (flushing: Promise<void>, clock: MonotonicClock): Promise<void> => {
  let timer: Timer | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimer(FLUSH_LIMIT_MS, () => reject(new FlushLimitError('the flush did not end')));
  });
  try {
    await Promise.race([flushing, limit]);
  } finally {
    timer?.cancel();
  }
};
