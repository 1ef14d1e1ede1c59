import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { DatabaseFileError } from '../../errors.ts';

/** Marks a file as ours in its header: "OHok". */
export const APPLICATION_ID = 0x4f486f6b;

/** What every database of ours has, also one that was made before files were marked: the table and a row of it. */
const OUR_WORDS = ['kysely_migration', '0001-users'];

/** https://www.sqlite.org/fileformat.html, section 1.3, and the header of the first page, section 1.6 */
const HEADER_BYTES = 108;
const MAGIC = 'SQLite format 3\0';
const LEAF_OF_TABLE = 0x0d;

interface Header {
  readonly pageBytes: number;
  /** Undefined where an old version of SQLite has written last. */
  readonly pages: number | undefined;
  readonly applicationId: number;
  readonly tables: 'none' | 'some';
}

/**
 * The files that this process has open. POSIX drops the locks of a process when it closes any descriptor of the file
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2): so these are not read by `fs`.
 */
const openHere = new Map<string, number>();

/** A note that a connection of this process has the file open. */
export class OpenFile {
  readonly #key: string;

  constructor(path: string) {
    const { dev, ino } = statSync(path);
    this.#key = `${dev}:${ino}`;
    openHere.set(this.#key, (openHere.get(this.#key) ?? 0) + 1);
  }

  /** The connection is closed. To be called once. */
  release(): void {
    const others = (openHere.get(this.#key) ?? 1) - 1;
    if (others === 0) openHere.delete(this.#key);
    else openHere.set(this.#key, others);
  }
}

/**
 * Looks at a file before SQLite does, which would change one of another program, and takes an empty one for new. Nothing
 * is written.
 * @returns whether there is a file
 * @throws DatabaseFileError when it is no sound database of ours
 */
export const inspectDatabaseFile = (path: string): 'missing' | 'present' => {
  const file = statsOf(path);
  const logBytes = statsOf(`${path}-wal`)?.size ?? 0;
  if (file === undefined) {
    if (logBytes === 0) return 'missing';
    throw new DatabaseFileError(`The database ${path} is missing, but its log ${path}-wal is there: ${RESTORE}.`);
  }
  if (openHere.has(`${file.dev}:${file.ino}`)) return 'present';
  if (!file.isFile()) throw new DatabaseFileError(`The database ${path} is no file.`);
  if (file.size === 0) {
    throw new DatabaseFileError(`The database ${path} is empty: it was emptied or a copy failed; ${RESTORE}.`);
  }
  const header = headerOf(path);
  assertOurs(path, header, logBytes);
  assertWhole(path, { header, bytes: file.size, logBytes });
  return 'present';
};

const RESTORE = 'restore the backup, or remove it to begin anew';

const statsOf = (path: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unreadable(path, cause);
  }
};

const unreadable = (path: string, cause: unknown): DatabaseFileError =>
  new DatabaseFileError(`The database ${path} cannot be read.`, { cause });

const headerOf = (path: string): Header => {
  const header = Buffer.alloc(HEADER_BYTES);
  const [first] = readPieces(path, header);
  if (first === undefined || first.length < HEADER_BYTES || first.toString('latin1', 0, 16) !== MAGIC) {
    throw new DatabaseFileError(`The database ${path} is not a SQLite database.`);
  }
  const pageBytes = header.readUInt16BE(16);
  const hasPages = header.readUInt32BE(24) === header.readUInt32BE(92);
  return {
    pageBytes: pageBytes === 1 ? 65_536 : pageBytes,
    pages: hasPages ? header.readUInt32BE(28) : undefined,
    applicationId: header.readUInt32BE(68),
    tables: header.readUInt8(100) === LEAF_OF_TABLE && header.readUInt16BE(103) === 0 ? 'none' : 'some',
  };
};

/** Lets the database of another program be. One without any table may become ours. */
const assertOurs = (path: string, { applicationId, tables }: Header, logBytes: number): void => {
  if (applicationId === APPLICATION_ID) return;
  const isBlank = tables === 'none' && logBytes === 0;
  if (applicationId === 0 && (isBlank || hasOurWords([path, ...(logBytes > 0 ? [`${path}-wal`] : [])]))) return;
  throw new DatabaseFileError(`The database ${path} belongs to another program. It was left as it is.`);
};

const PIECE_BYTES = 1024 * 1024;

const hasOurWords = (paths: readonly string[]): boolean => {
  const missing = new Set(OUR_WORDS);
  const overlap = Math.max(...OUR_WORDS.map(({ length }) => length));
  for (const path of paths) {
    let before = Buffer.alloc(0);
    for (const piece of readPieces(path, Buffer.alloc(PIECE_BYTES))) {
      const text = Buffer.concat([before, piece]);
      for (const word of missing) if (text.includes(word)) missing.delete(word);
      if (missing.size === 0) return true;
      before = text.subarray(-overlap);
    }
  }
  return false;
};

/** Reads a file through a buffer, which each piece is a view of. */
function* readPieces(path: string, buffer: Buffer): Generator<Buffer, void> {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    for (let bytes = readSync(file, buffer); bytes > 0; bytes = readSync(file, buffer)) yield buffer.subarray(0, bytes);
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

interface Extent {
  readonly header: Header;
  readonly bytes: number;
  readonly logBytes: number;
}

/** While there is a log, the end of the file may still be in it. */
const assertWhole = (path: string, { header: { pageBytes, pages }, bytes, logBytes }: Extent): void => {
  if (logBytes > 0 || pages === undefined || bytes >= pages * pageBytes) return;
  const extent = `${bytes} of ${pages * pageBytes} bytes are there`;
  throw new DatabaseFileError(`The database ${path} is truncated: ${extent}; restore the backup.`);
};
