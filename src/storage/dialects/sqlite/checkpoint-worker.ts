import { parentPort, workerData } from 'node:worker_threads';
import { openSqlite } from './better-sqlite3.ts';

/*
 * Moves what was committed from the write-ahead log into the database file, on a thread of its own: the main thread
 * would stand still for it, and with it calls and SIP timers.
 *
 * Once all of the log was moved, the next writer begins it anew, and SQLite waits for the disk then. That writer must not
 * be the main thread: so this one writes a row of its own at once (docs/adr/0011-storage-that-bends.md).
 */

export interface CheckpointWork {
  readonly path: string;
  readonly everyMs: number;
  readonly walBytesKept: number;
}

/** `rewrite` moves all of the log and begins it anew, whoever reads; it is answered by a report. */
export type CheckpointOrder = 'rewrite' | 'close';

export interface CheckpointReport {
  readonly of: 'round' | 'rewrite';
  /** The code and words of what failed. */
  readonly failure: string | undefined;
  readonly milliseconds: number;
}

interface CheckpointRow {
  readonly busy: number;
  /** Frames in the log; -1 where there is no log. */
  readonly log: number;
  /** Those of them that are in the file. */
  readonly checkpointed: number;
}

/** The main thread holds the lock for milliseconds; what another program holds is tried again in the next round. */
const LOCK_WAIT_MS = 1000;

const { path, everyMs, walBytesKept } = workerData as CheckpointWork;
const database = openSqlite(path, { timeout: LOCK_WAIT_MS });
database.pragma('synchronous = FULL');
database.pragma('wal_autocheckpoint = 0');
database.pragma('temp_store = MEMORY');
database.pragma(`journal_size_limit = ${walBytesKept}`);

const beginLogAnew = database.prepare(
  `insert into facts (name, value) values ('log_restarts', '1')
   on conflict (name) do update set value = cast(value as integer) + 1`,
);

const checkpoint = (mode: 'PASSIVE' | 'RESTART'): CheckpointRow => {
  const [row] = database.pragma(`wal_checkpoint(${mode})`) as CheckpointRow[];
  return row ?? { busy: 1, log: -1, checkpointed: -1 };
};

const isLocked = (error: unknown): boolean =>
  ((error as { code?: string } | null)?.code ?? '').startsWith('SQLITE_BUSY');

/** What had been committed by others when all was last moved: while nobody commits, there is nothing to do or write. */
let moved: unknown;

/** `PASSIVE` waits for no reader: what one still needs is moved the next time. */
const round = (): void => {
  const version = database.pragma('data_version', { simple: true });
  if (version === moved) return;
  const { busy, log, checkpointed } = checkpoint('PASSIVE');
  if (busy !== 0 || log !== checkpointed) return;
  if (log > 0) beginLogAnew.run();
  moved = version;
};

const rewrite = (): void => {
  if (checkpoint('RESTART').busy !== 0) throw new Error('the log is in use');
  beginLogAnew.run();
};

const report = (of: CheckpointReport['of'], work: () => void): void => {
  const startedAt = performance.now();
  let failure: string | undefined;
  try {
    work();
  } catch (error) {
    if (of === 'rewrite' || !isLocked(error)) failure = String(error);
  }
  parentPort?.postMessage({ of, failure, milliseconds: performance.now() - startedAt } satisfies CheckpointReport);
};

const timer = setInterval(() => report('round', round), everyMs);

parentPort?.on('message', (order: CheckpointOrder) => {
  if (order === 'rewrite') {
    report('rewrite', rewrite);
    return;
  }
  clearInterval(timer);
  database.close();
  parentPort?.close();
});
