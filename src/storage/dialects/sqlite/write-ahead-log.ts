import { open, type FileHandle } from 'node:fs/promises';

/**
 * The write-ahead log of a database, to wait for the disk without standing still: SQLite itself would hold the event loop
 * for it at each commit. Its commits only write (`synchronous=NORMAL`); who must know that they survive a loss of power
 * waits for `flush`, as SQLite would under `synchronous=FULL`. Frames are written in their order, and SQLite waits for
 * the disk itself before it moves them on (https://www.sqlite.org/wal.html, "Performance Considerations").
 */
export class WriteAheadLog {
  readonly #path: string;
  #file: Promise<FileHandle> | undefined;

  /** @param databasePath SQLite keeps the log beside the database while a connection is open */
  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`;
  }

  /** Resolves when all that was committed before is on the disk. */
  async flush(): Promise<void> {
    this.#file ??= open(this.#path, 'r+');
    await (await this.#file).datasync();
  }

  async close(): Promise<void> {
    await (await this.#file)?.close();
  }
}
