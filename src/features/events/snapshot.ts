import type { CallRecord } from '../../calls/call-record.ts';
import type { CallService } from '../../calls/call-service.ts';
import type { CallFeed } from '../../calls/feed/call-feed.ts';
import type { Audience } from './selection.ts';

export interface SnapshotSources {
  readonly feed: Pick<CallFeed, 'head' | 'read'>;
  readonly calls: Pick<CallService, 'info' | 'list' | 'listAll'>;
}

/** Calls as they were at a cursor: what comes after it is what happened to them since. */
export interface Snapshot {
  readonly calls: readonly CallRecord[];
  readonly cursor: string;
}

const PAGE_ROWS = 200;

const listed = async (calls: SnapshotSources['calls'], audience: Audience): Promise<readonly CallRecord[]> => {
  const { selection, viewer } = audience;
  switch (selection.kind) {
    case 'own':
      return calls.list(viewer);
    case 'all':
      return calls.listAll();
    case 'call':
      return [await calls.info(selection.tokenCall, viewer)];
  }
};

/**
 * What an audience sees now: its ongoing calls, or its one call in whatever state. The list is read, then carried on by the
 * feed to a cursor that is not before it, so that none of its changes is told again.
 * @throws CallNotFoundError when there is no such call that the viewer may see
 */
export const takeSnapshot = async ({ feed, calls }: SnapshotSources, audience: Audience): Promise<Snapshot> => {
  let cursor = await feed.head();
  const known = new Map((await listed(calls, audience)).map((call) => [call.tokenCall, call]));
  for (;;) {
    const page = await feed.read(cursor, PAGE_ROWS);
    ({ cursor } = page);
    const changes = page.kind === 'changes' ? page.changes : [];
    for (const { call } of changes) {
      const before = known.get(call.tokenCall)?.sequence ?? 0;
      if (call.sequence > before && audience.sees(call)) known.set(call.tokenCall, call);
    }
    if (changes.length < PAGE_ROWS) break;
  }
  const isShown = ({ state }: CallRecord): boolean => audience.selection.kind === 'call' || state !== 'ended';
  return { calls: [...known.values()].filter(isShown), cursor };
};
