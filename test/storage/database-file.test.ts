import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../src/shared/log.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { makeDatabaseFile } from '../../src/storage/dialects/sqlite/make-database-file.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createTestStores } from '../support/test-database.ts';
import { note, noted } from './serving.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-file-'));
  path = join(directory, 'offhook.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openDatabase({ url: `sqlite:${path}`, clock: new FakeClock(), log: silentLog });

/** Every file beside the database, with what is in it. */
const files = (): Record<string, string> =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'base64')]));

/** Refused with these words, and every file left as it was. */
const expectRefused = async (...words: string[]): Promise<void> => {
  const before = files();
  const refusal = await open().then(
    async (database) => {
      await database.close();
      return undefined;
    },
    (error: unknown) => error as Error,
  );
  expect(refusal).toMatchObject({ code: 'database_file' });
  for (const word of [path, ...words]) expect(refusal?.message).toContain(word);
  expect(files()).toEqual(before);
};

/** A database of ours with a note in it, closed. */
const makeOurs = async (): Promise<void> => {
  const database = await open();
  await note(database, 'note 1');
  await database.close();
};

describe('a file that is no database of ours', () => {
  it('is refused when it is empty', async () => {
    writeFileSync(path, '');
    await expectRefused('is empty: it was emptied or a copy failed; restore the backup, or remove it to begin anew.');
  });

  it.each([
    ['some words', 'is not a SQLite database'],
    ['x'.repeat(10_000), 'is not a SQLite database'],
    ['SQLite format 3\0', 'is not a SQLite database'],
  ])('is refused when it is something else', async (content, words) => {
    writeFileSync(path, content);
    await expectRefused(words);
  });

  it('is refused when it is a directory', async () => {
    mkdirSync(path);
    await expect(open()).rejects.toMatchObject({ code: 'database_file', message: `The database ${path} is no file.` });
  });

  it.each(['DELETE', 'WAL'])(
    'is refused, byte for byte as it was, when another program keeps it in mode %s',
    async (mode) => {
      const file = openSqlite(path);
      file.pragma(`journal_mode = ${mode}`);
      file.exec('create table users (id); insert into users values (1)');
      file.close();
      await expectRefused('belongs to another program');
    },
  );

  it('is refused while another program has it open, with all in its log', async () => {
    const file = openSqlite(path);
    file.pragma('journal_mode = WAL');
    file.exec('create table users (id); insert into users values (1)');
    await expectRefused('belongs to another program');
    file.close();
  });

  it('is refused when it says that it is of another application, whatever is in it', async () => {
    await makeOurs();
    const file = openSqlite(path);
    file.pragma('application_id = 1');
    file.close();
    await expectRefused('belongs to another program');
  });

  it('is refused when only the log is there', async () => {
    writeFileSync(`${path}-wal`, 'frames');
    await expectRefused('is missing, but its log', 'restore the backup');
  });
});

describe('a database of ours', () => {
  it('is made at once, marked, and with nothing beside it', async () => {
    await makeOurs();
    expect(readdirSync(directory)).toEqual(['offhook.db']);
    expect(readFileSync(path).toString('latin1', 68, 72)).toBe('OHok');
    const again = await open();
    expect(await noted(again)).toEqual(['note 1']);
    await again.close();
  });

  it('is not there at all when it could not be finished', async () => {
    const failing = makeDatabaseFile(path, (draft) => {
      writeFileSync(draft, 'half a database');
      writeFileSync(`${draft}-wal`, 'frames');
      return Promise.reject(new Error('no room'));
    });
    await expect(failing).rejects.toThrow('no room');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is never replaced when another process was quicker to make it', async () => {
    await makeOurs();
    const before = files();
    await makeDatabaseFile(path, async (draft) => writeFile(draft, 'another one'));
    expect(files()).toEqual(before);
  });

  it('is taken over and marked where an older version made it', async () => {
    await makeOurs();
    const file = openSqlite(path);
    file.pragma('application_id = 0');
    file.close();
    const again = await open();
    await again.close();
    expect(readFileSync(path).toString('latin1', 68, 72)).toBe('OHok');
  });

  it('may begin as a SQLite file without any table', async () => {
    const file = openSqlite(path);
    file.pragma('journal_mode = WAL');
    file.exec('vacuum');
    file.close();
    await makeOurs();
    const again = await open();
    expect(await noted(again)).toEqual(['note 1']);
    await again.close();
  });

  it('is refused when its end is missing', async () => {
    await makeOurs();
    const bytes = readFileSync(path).length;
    truncateSync(path, bytes - 10_000);
    await expectRefused(`is truncated: ${bytes - 10_000} of ${bytes} bytes are there; restore the backup.`);
  });

  it('is opened when a crash left it shorter than it is with its log', async () => {
    const stores = await createTestStores();
    await note(stores.database, 'note 1', 'x'.repeat(100_000));
    // The first page may be moved into the file before those at its end are.
    for (const suffix of ['', '-wal']) copyFileSync(join(stores.directory, `offhook.db${suffix}`), `${path}${suffix}`);
    const content = readFileSync(path);
    content.writeUInt32BE(content.readUInt32BE(28) + 25, 28);
    writeFileSync(path, content);
    const revived = await open();
    expect(await noted(revived)).toEqual(['note 1']);
    await revived.close();
    await stores.close();
  });

  it('is refused in one sentence when its pages are damaged', async () => {
    await makeOurs();
    const content = readFileSync(path);
    const sound = Buffer.from(content);
    content.fill(0xff, 100, 4096);
    writeFileSync(path, content);
    await expect(open()).rejects.toMatchObject({
      code: 'database_file',
      message: `The database ${path} cannot be opened: the database is damaged.`,
      cause: { message: 'database disk image is malformed' },
    });
    writeFileSync(path, sound);
    const again = await open();
    expect(await noted(again)).toEqual(['note 1']);
    await again.close();
  });
});
