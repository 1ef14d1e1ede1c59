import type { Synchronous } from './dialects/sqlite/sqlite-connection.ts';
import { DatabaseUrlError } from './errors.ts';

/** Where the database is and how much a commit waits for. */
export interface DatabaseLocation {
  readonly path: string;
  readonly synchronous: Synchronous;
}

const SCHEME = 'sqlite:';

const isSynchronous = (value: string): value is Synchronous => value === 'full' || value === 'normal';

/** @throws DatabaseUrlError */
export const parseDatabaseUrl = (url: string): DatabaseLocation => {
  if (!url.startsWith(SCHEME)) throw new DatabaseUrlError(`The database must be "${SCHEME}<path>".`);
  const [path = '', query = ''] = url.slice(SCHEME.length).split('?', 2);
  if (path === '' || path === ':memory:') throw new DatabaseUrlError('The database must be a file.');
  const parameters = new URLSearchParams(query);
  const synchronous = parameters.get('synchronous') ?? 'full';
  if (!isSynchronous(synchronous)) throw new DatabaseUrlError('"synchronous" must be "full" or "normal".');
  return { path, synchronous };
};
