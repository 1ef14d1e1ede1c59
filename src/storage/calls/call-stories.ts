import type { Kysely } from 'kysely';
import type { CallEvent } from '../../calls/call-events.ts';
import type { Database } from '../database.ts';
import type { Schema } from '../schema.ts';
import { decodeEvents } from './event-codec.ts';

/**
 * The rows of calls from the given ones back to their first: each names the one before it. Where retention has deleted
 * the older ones, the story begins with what is left.
 */
const selectStories = (database: Kysely<Schema>, lastIds: readonly number[]) => {
  const columns = ['id', 'call_id', 'previous', 'sequence', 'at', 'changes'] as const;
  return database
    .withRecursive('story', (query) =>
      query
        .selectFrom('call_events')
        .select(columns)
        .where('id', 'in', lastIds)
        .unionAll(
          query
            .selectFrom('call_events as earlier')
            .innerJoin('story', 'story.previous', 'earlier.id')
            .select([
              'earlier.id',
              'earlier.call_id',
              'earlier.previous',
              'earlier.sequence',
              'earlier.at',
              'earlier.changes',
            ]),
        ),
    )
    .selectFrom('story')
    .select(['call_id as callId', 'sequence', 'at', 'changes'])
    .orderBy('id');
};

/** The events of one call, up to those of a row. */
export const readStory = async (database: Database, lastId: number): Promise<readonly CallEvent[]> => {
  const rows = await database.read(selectStories(database.builder, [lastId]).compile());
  return rows.flatMap(decodeEvents);
};

/** The events of several calls, by the number of the call. @param lastIds - one row of each, not more */
export const readStories = async (
  database: Database,
  lastIds: readonly number[],
): Promise<ReadonlyMap<number, readonly CallEvent[]>> => {
  const stories = new Map<number, CallEvent[]>();
  if (lastIds.length === 0) return stories;
  for (const { callId, ...row } of await database.read(selectStories(database.builder, lastIds).compile())) {
    const story = stories.get(callId) ?? [];
    story.push(...decodeEvents(row));
    stories.set(callId, story);
  }
  return stories;
};
