import { type Kysely, sql, SqliteAdapter } from 'kysely';
import { required, storedByKey, withGrowingId } from '../portable-schema.ts';

/** Who carries a call, and the events of all calls as one feed. */
export const up = async (database: Kysely<unknown>): Promise<void> => {
  await createNodes(database);
  await addOwners(database);
  await rebuildEvents(database);
};

/** A node is a serving process. `seen_at` is when it last said that it lives: a crash is dated by it. */
const createNodes = async (database: Kysely<unknown>): Promise<void> => {
  const nodes = database.schema
    .createTable('nodes')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('started_at', 'bigint', required)
    .addColumn('seen_at', 'bigint', required)
    .addColumn('beat', 'bigint', required);
  await storedByKey(database, nodes).execute();
};

const addOwners = async (database: Kysely<unknown>): Promise<void> => {
  const calls = database.schema.alterTable('calls');
  await calls.addColumn('node_id', 'text', (column) => column.notNull().defaultTo('')).execute();
  await calls.addColumn('epoch', 'integer', (column) => column.notNull().defaultTo(0)).execute();
  await calls.addColumn('sequence', 'integer', (column) => column.notNull().defaultTo(0)).execute();
  await calls.addColumn('last_change', 'bigint').execute();
  await calls.addColumn('talk_ms', 'bigint').execute();
  await calls.addColumn('end_requested_by', 'text').execute();
  await database.schema
    .createIndex('calls_end_requested')
    .on('calls')
    .columns(['node_id', 'id'])
    .where(sql.ref('end_requested_by'), 'is not', null)
    .where(sql.ref('state'), '<>', 'ended')
    .execute();
  await sql`update calls set talk_ms = ended_at - connected_at
    where ended_at is not null and connected_at is not null`.execute(database);
};

/**
 * One row for each write of a call, with what changed in it. No index leads from a call to its rows: each names the one
 * before it, and the call its last. That index would be a third of all that is kept of a call.
 */
const rebuildEvents = async (database: Kysely<unknown>): Promise<void> => {
  await database.schema.alterTable('call_events').renameTo('call_events_before').execute();
  await withGrowingId(database, database.schema.createTable('call_events'))
    .addColumn('call_id', 'bigint', required)
    .addColumn('previous', 'bigint')
    .addColumn('sequence', 'integer', required)
    .addColumn('at', 'bigint', required)
    .addColumn('changes', 'text', required)
    .execute();
  // Nothing but SQLite has rows of before.
  if (database.getExecutor().adapter instanceof SqliteAdapter) await copyEvents(database);
  await database.schema.dropTable('call_events_before').execute();
};

const copyEvents = async (database: Kysely<unknown>): Promise<void> => {
  await sql`
    insert into call_events (call_id, previous, sequence, at, changes)
    select call_id, lag(place) over (partition by call_id order by sequence), sequence, at, ${changesOfBefore}
    from (select *, row_number() over (order by id) as place from call_events_before) as before
    order by place`.execute(database);
  await sql`
    update calls set sequence = last.sequence, last_change = last.id
    from (select call_id, max(sequence) as sequence, max(id) as id from call_events group by call_id) as last
    where last.call_id = calls.id`.execute(database);
};

const payload = (field: string) => sql`coalesce(payload ->> ${sql.lit(field)}, '')`;
/** Where its leg was called last: what was configured at the time is not known any more. */
const configured = (role: string) =>
  sql`(select address from legs where legs.call_id = before.call_id and role = ${sql.lit(role)})`;
const line = (code: string, ...fields: readonly ReturnType<typeof payload>[]) =>
  sql`${sql.lit(code)} || ${sql.join(
    fields.map((field) => sql`char(9) || ${field}`),
    sql` || `,
  )}`;
const code = (digit: number) =>
  sql`(case payload ->> 'leg' when 'caller' then '1' else '2' end) || ${sql.lit(String(digit))}`;

/** As `storage/calls/event-codec.ts` wrote it then. */
const changesOfBefore = sql`case name
  when 'call.created' then ${line('0', payload('callerId'), configured('caller'), configured('callee'))}
  when 'call.calling' then '1'
  when 'call.dialling' then '2'
  when 'call.connected' then '3'
  when 'call.ended' then ${line('4', payload('outcome'), payload('endedBy'), payload('endedLeg'))}
  when 'leg.calling' then ${code(0)} || char(9) || ${payload('address')}
  when 'leg.ringing' then ${code(1)} || char(9) || ${payload('sipStatus')}
  when 'leg.answered' then ${code(2)} || char(9) || ${payload('sipStatus')}
  else ${code(3)} || char(9) || ${payload('sipStatus')} || char(9) || ${payload('q850Cause')} || char(9) || ${payload('reason')}
end`;
