import type Sqlite from 'better-sqlite3';

/*
 * Multiplies ended calls of a real database by SQL. It knows no columns but `calls.id`: what is unique is made anew, dates
 * lie ten milliseconds apart, and what hangs on a call, in whatever table, is cloned with it.
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

/** The tables whose rows hang on a call, with the column that names it. */
const dependentsOf = (database: Sqlite.Database): readonly { readonly table: string; readonly column: string }[] => {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  return tables.flatMap((table) =>
    (database.pragma(`foreign_key_list(${table})`) as { table: string; from: string }[])
      .filter((key) => key.table === 'calls')
      .map(({ from }) => ({ table, column: from })),
  );
};

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
     JOIN ${table} AS source ON source.${key} = clones.source ORDER BY clones.id`,
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
    for (const { table, column } of dependentsOf(database)) insertClones(database, table, column);
  });
  insertAll();
  database.pragma('wal_checkpoint(TRUNCATE)');
};
