import { DatabaseUrlError } from '../../errors.ts';
import type { Synchronous } from './log-flush.ts';

export const SQLITE_SCHEME = 'sqlite:';

/** Where the database is and how much a commit waits for. */
export interface SqliteLocation {
  readonly path: string;
  readonly synchronous: Synchronous;
}

const isSynchronous = (value: string): value is Synchronous => value === 'full' || value === 'normal';

/**
 * What `sqlite:<path>?synchronous=normal` means.
 * @throws DatabaseUrlError when the address cannot be understood
 */
export const locationOf = (url: string): SqliteLocation => {
  const [path = '', query = ''] = url.slice(SQLITE_SCHEME.length).split('?', 2);
  if (path === '' || path === ':memory:') throw new DatabaseUrlError('The database must be a file.');
  const synchronous = new URLSearchParams(query).get('synchronous') ?? 'full';
  if (!isSynchronous(synchronous)) throw new DatabaseUrlError('"synchronous" must be "full" or "normal".');
  return { path, synchronous };
};
