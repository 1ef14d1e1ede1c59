import type { FeedBounds, FeedRow, FeedRows, FeedStore } from '../../calls/feed/feed-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { KyselyFactStore } from '../kysely-fact-store.ts';
import { purposeOf } from './call-row.ts';
import { readStories } from './call-stories.ts';
import { decodeEvents } from './event-codec.ts';

const compileQueries = ({ builder }: Database) => ({
  bounds: compileOnce(() =>
    builder.selectNoFrom((query) => [
      query
        .selectFrom('call_events')
        .select((row) => row.fn.max('id').as('newest'))
        .as('newest'),
      query.selectFrom('facts').select('value').where('name', '=', 'feed_deleted_through').as('deletedThrough'),
    ]),
  ),
  rows: compileOnce(({ after, limit }: { readonly after: number; readonly limit: number }) =>
    builder
      .selectFrom('call_events')
      .leftJoin('calls', 'calls.id', 'call_events.call_id')
      .select([
        'call_events.id',
        'call_events.call_id as callId',
        'call_events.previous',
        'call_events.sequence',
        'call_events.at',
        'call_events.changes',
        'calls.token_call as tokenCall',
        'calls.user_id as userId',
        'calls.username',
        'calls.client_id as clientId',
        'calls.number',
        'calls.created_at as createdAt',
        'calls.is_test as isTest',
        'calls.node_id as nodeId',
        'calls.epoch',
      ])
      .where('call_events.id', '>', after)
      .orderBy('call_events.id')
      .limit(limit),
  ),
});

/** `call_events` as a feed. Ids are given in the order of the commits: SQLite has one writer. */
export class KyselyFeedStore implements FeedStore {
  readonly #database: Database;
  readonly #facts: KyselyFactStore;
  readonly #queries: ReturnType<typeof compileQueries>;

  constructor(database: Database) {
    this.#database = database;
    this.#facts = new KyselyFactStore(database);
    this.#queries = compileQueries(database);
  }

  async epoch(): Promise<string> {
    return (await this.#facts.find('feed_epoch')) ?? '';
  }

  /**
   * Begins a new epoch where the database is not the file that the last one was begun in: a backup that was restored
   * gives ids again that readers know for something else.
   * @param file - what tells the file from its copies
   */
  async begin(file: string, newEpoch: string): Promise<void> {
    const facts = this.#facts;
    if ((await facts.find('feed_file')) === file) return;
    await this.#database.write(function* () {
      yield* facts.save('feed_epoch', newEpoch);
      yield* facts.save('feed_file', file);
    });
  }

  async bounds(): Promise<FeedBounds> {
    const [row] = await this.#database.read(this.#queries.bounds({}));
    return { newest: row?.newest ?? 0, deletedThrough: Number(row?.deletedThrough ?? 0) };
  }

  async read(after: number, limit: number): Promise<FeedRows> {
    const found = await this.#database.read(this.#queries.rows({ after, limit }));
    const stories = new Map(await readStories(this.#database, firstPrevious(found)));
    const rows: FeedRow[] = [];
    for (const row of found) {
      const earlier = stories.get(row.callId) ?? [];
      const events = decodeEvents(row);
      const call = identified(row);
      if (call !== undefined) rows.push({ id: row.id, ...call, earlier, events });
      stories.set(row.callId, [...earlier, ...events]);
    }
    return { rows, through: found.at(-1)?.id ?? after };
  }
}

/** Of each call the row before the first one that was found. */
const firstPrevious = (
  rows: readonly { readonly callId: number; readonly previous: number | null }[],
): readonly number[] => {
  const seen = new Set<number>();
  return rows.flatMap(({ callId, previous }) => {
    if (seen.has(callId)) return [];
    seen.add(callId);
    return previous === null ? [] : [previous];
  });
};

interface CallColumns {
  readonly tokenCall: string | null;
  readonly userId: string | null;
  readonly username: string | null;
  readonly clientId: string | null;
  readonly number: string | null;
  readonly createdAt: number | null;
  readonly isTest: number | null;
  readonly nodeId: string | null;
  readonly epoch: number | null;
}

/** @returns undefined where the call was deleted */
const identified = (row: CallColumns): Pick<FeedRow, 'identity' | 'owner'> | undefined => {
  const { tokenCall, userId, username, clientId, number, createdAt, isTest, nodeId, epoch } = row;
  if (tokenCall === null) return undefined;
  return {
    identity: {
      tokenCall,
      userId: userId ?? '',
      username: username ?? '',
      clientId: clientId ?? '',
      number: number ?? '',
      createdAt: createdAt ?? 0,
      purpose: purposeOf(isTest ?? 0),
    },
    owner: { nodeId: nodeId ?? '', epoch: epoch ?? 0 },
  };
};
