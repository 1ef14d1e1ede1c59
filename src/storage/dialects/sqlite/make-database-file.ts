import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a database under another name and links it into place: a crash leaves no file that is empty or half made. Of
 * several processes that start at once one makes it, and all use it.
 * @param prepare - makes the file of that name with all its tables, and closes it
 */
export const makeDatabaseFile = async (path: string, prepare: (draft: string) => Promise<void>): Promise<void> => {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await prepare(draft);
    flush(draft);
    linkSync(draft, path);
    flush(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
  }
};

const flush = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
