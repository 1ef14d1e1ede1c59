import { createRequire } from 'node:module';
import type Sqlite from 'better-sqlite3';
import { SqliteMissingError } from '../../errors.ts';

/*
 * The one place that knows which better-sqlite3 there is. No version serves every Node: 13 crashes on Node 20, and what
 * came before it aborts on Node 24. So npm installs 13 on Node 22 and newer, and 12, as better-sqlite3-node-20, on
 * Node 20 alone: both are optional dependencies, and npm leaves out what does not fit its `engines`.
 */

const require = createRequire(import.meta.url);
const isNode20 = process.versions.node.startsWith('20.');

const load = (): typeof Sqlite => {
  try {
    const loaded = (isNode20 ? require('better-sqlite3-node-20') : require('better-sqlite3')) as typeof Sqlite;
    new loaded(':memory:').close(); // its binary is looked for only now
    return loaded;
  } catch (cause) {
    throw new SqliteMissingError(cause);
  }
};

let driver: typeof Sqlite | undefined;

/**
 * Opens a database file, which is made where there is none.
 * @throws SqliteMissingError where npm did not install better-sqlite3, or did not build it
 */
export const openSqlite = (path: string, options?: Sqlite.Options): Sqlite.Database => {
  driver ??= load();
  return new driver(path, options);
};
