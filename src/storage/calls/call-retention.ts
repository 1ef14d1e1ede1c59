import { sql } from 'kysely';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { KyselyFactStore } from '../kysely-fact-store.ts';
import { type QueryOutcome, run, type UnitOfWork } from '../unit-of-work.ts';

/*
 * Only the oldest rows are looked at, in the order of their keys: there is no index on dates, and none is needed. A row
 * that is dated later than those behind it, since the wall clock was set back, delays them as long as that.
 */

/** Deletes calls that ended before a date, with all that is kept of them, in steps beside the load. */
export const deleteOldCalls = async (database: Database, before: number): Promise<void> => {
  await deleteInSteps(database, (limit) => deleteCalls(database, before, limit));
  await deleteInSteps(database, (limit) => deleteChanges(database, before, limit));
};

const deleteCalls = (database: Database, before: number, limit: number): UnitOfWork<QueryOutcome<unknown>> => {
  const { builder } = database;
  const oldest = builder.selectFrom('calls').select(['id', 'state', 'ended_at']).orderBy('id').limit(limit);
  const over = builder
    .selectFrom(oldest.as('oldest'))
    .select('id')
    .where('state', '=', sql.lit('ended' as const))
    .where('ended_at', '<', before);
  return run(builder.deleteFrom('calls').where('id', 'in', over).compile());
};

/** The feed says which of its rows are gone: a reader that is behind them begins anew. */
function* deleteChanges(database: Database, before: number, limit: number): UnitOfWork<QueryOutcome<unknown>> {
  const { builder } = database;
  const oldest = builder.selectFrom('call_events').select(['id', 'at']).orderBy('id').limit(limit);
  const old = builder.selectFrom(oldest.as('oldest')).select('id').where('at', '<', before);
  const outcome = yield* run(builder.deleteFrom('call_events').where('id', 'in', old).returning('id').compile());
  if (outcome.rows.length === 0) return outcome;
  const deletedThrough = Math.max(...outcome.rows.map(({ id }) => id));
  yield* new KyselyFactStore(database).save('feed_deleted_through', String(deletedThrough));
  return outcome;
}
