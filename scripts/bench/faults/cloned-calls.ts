import type Sqlite from 'better-sqlite3';

/*
 * Multiplies ended calls of a real database by SQL: what is unique is made anew, dates lie ten milliseconds apart, and what
 * hangs on a call, in whatever table, is cloned with it. The rows of the feed, which are linked back, are linked anew.
 */

interface Column {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
}

const columnsOf = (database: Sqlite.Database, table: string): readonly Column[] =>
  database.pragma(`table_info(${table})`) as Column[];

/** The columns that alone make a row unique. */
const uniqueOf = (database: Sqlite.Database, table: string): ReadonlySet<string> => {
  const indexes = database.pragma(`index_list(${table})`) as { name: string; unique: number }[];
  const columns = indexes
    .filter(({ unique }) => unique === 1)
    .map(({ name }) => database.pragma(`index_info(${name})`) as { name: string }[]);
  return new Set(columns.filter(({ length }) => length === 1).map(([only]) => only?.name ?? ''));
};

/** The column that names a call, by reference or without one. */
const CALL = 'call_id';

/** The tables whose rows hang on a call. A phone's registration has a Call-ID, which is text. */
const dependentsOf = (database: Sqlite.Database): readonly string[] => {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  return tables.filter((table) =>
    columnsOf(database, table).some(({ name, type }) => name === CALL && type.toLowerCase() === 'bigint'),
  );
};

/** The rows of a clone stand one behind the other: each is linked to the one before it, and the call to its last. */
const linkChanges = (database: Sqlite.Database, after: number): void => {
  database.exec(
    `UPDATE call_events SET previous = id - 1 WHERE id > ${after} AND previous IS NOT NULL;
     UPDATE calls SET last_change = last.id
     FROM (SELECT ${CALL}, max(id) AS id FROM call_events WHERE id > ${after} GROUP BY ${CALL}) AS last
     WHERE last.${CALL} = calls.id`,
  );
};

/** Rows of one call keep their order. */
const orderOf = (database: Sqlite.Database, table: string): string =>
  columnsOf(database, table).some(({ name }) => name === 'sequence') ? 'source.sequence' : '1';

const isDate = ({ name }: Column): boolean => name === 'at' || name.endsWith('_at');

const insertClones = (database: Sqlite.Database, table: string, key: string): void => {
  const unique = uniqueOf(database, table);
  // A number that grows by itself is left out, unless it is the call's.
  const columns = columnsOf(database, table).filter(
    ({ name, type, pk }) => name === key || !(pk === 1 && type.toLowerCase() === 'integer'),
  );
  const values = columns.map((column) => {
    if (column.name === key) return 'clones.id';
    if (unique.has(column.name)) return 'lower(hex(randomblob(16)))';
    return isDate(column) ? `source.${column.name} - clones.before * 10` : `source.${column.name}`;
  });
  const names = columns.map(({ name }) => name).join(', ');
  database.exec(
    `INSERT INTO ${table} (${names}) SELECT ${values.join(', ')} FROM clones
     JOIN ${table} AS source ON source.${key} = clones.source ORDER BY clones.id, ${orderOf(database, table)}`,
  );
};

/**
 * Adds ended calls until there are as many. Each is the clone of one that the service itself made.
 * @throws Error when there is none to clone
 */
export const cloneEndedCalls = (database: Sqlite.Database, total: number): void => {
  const originals = database
    .prepare("SELECT id FROM calls WHERE state = 'ended' ORDER BY id")
    .pluck()
    .all() as number[];
  if (originals.length === 0) throw new Error('there is no ended call to clone');
  database.pragma('synchronous = OFF');
  database.pragma('cache_size = -200000');
  const last = database.prepare('SELECT max(id) FROM calls').pluck().get() as number;
  const lastChange = database.prepare('SELECT max(id) FROM call_events').pluck().get() as number;
  database.exec('CREATE TEMP TABLE originals (position INTEGER PRIMARY KEY, id INTEGER)');
  const note = database.prepare('INSERT INTO originals VALUES (?, ?)');
  originals.forEach((id, position) => note.run(position, id));
  const count = total - originals.length;
  database.exec(
    `CREATE TEMP TABLE clones (id INTEGER PRIMARY KEY, source INTEGER, before INTEGER);
     WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${count})
     INSERT INTO clones SELECT ${last} + n, originals.id, ${count} - n FROM counter
     JOIN originals ON originals.position = n % ${originals.length}`,
  );
  const insertAll = database.transaction(() => {
    insertClones(database, 'calls', 'id');
    for (const table of dependentsOf(database)) insertClones(database, table, CALL);
    linkChanges(database, lastChange);
  });
  insertAll();
  database.pragma('wal_checkpoint(TRUNCATE)');
};
