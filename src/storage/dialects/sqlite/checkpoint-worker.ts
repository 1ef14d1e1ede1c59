import { parentPort, workerData } from 'node:worker_threads';
import { openSqlite } from './better-sqlite3.ts';

/*
 * Moves what was committed from the write-ahead log into the database file, on a thread of its own: the main thread
 * would stand still for it, and with it calls and SIP timers.
 */

export interface CheckpointWork {
  readonly path: string;
  readonly everyMs: number;
}

const { path, everyMs } = workerData as CheckpointWork;
const database = openSqlite(path);
database.pragma('synchronous = NORMAL');

/** `passive` waits for no reader: what one still needs is moved the next time. */
const timer = setInterval(() => database.pragma('wal_checkpoint(PASSIVE)'), everyMs);

parentPort?.once('message', () => {
  clearInterval(timer);
  database.close();
});
