// Worker threads that open the database and end without closing it, at their own end and by force, while this thread
// uses SQLite too. Prints how many ended; a crash ends the process.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { openSqlite } from '../../../dist/src/storage/dialects/sqlite/better-sqlite3.js';

const ROUNDS = 10;

const useDatabase = (path) => {
  const database = openSqlite(path);
  const statements = Array.from({ length: 50 }, (_, index) => database.prepare(`select ${index} as n`));
  for (const statement of statements) statement.get();
  return database;
};

if (isMainThread) {
  const database = useDatabase(process.argv[2]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
    const exit = once(worker, 'exit');
    await once(worker, 'message');
    if (round % 2 === 0) await worker.terminate();
    await exit;
    useDatabase(process.argv[2]);
  }
  database.close();
  console.log(`${ROUNDS} workers ended`);
} else {
  useDatabase(workerData);
  parentPort.postMessage('used');
}
