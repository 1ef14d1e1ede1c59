import type { CallEvent } from '../call-events.ts';
import type { CallIdentity, CallOwner } from '../call-record.ts';

/** One write of a call. */
export interface FeedRow {
  /** Grows from row to row over all calls, and is never used again. */
  readonly id: number;
  readonly identity: CallIdentity;
  readonly owner: CallOwner;
  /** What had happened in the call before. */
  readonly earlier: readonly CallEvent[];
  /** One or more. */
  readonly events: readonly CallEvent[];
}

export interface FeedRows {
  readonly rows: readonly FeedRow[];
  /** The last id that was looked at: what comes next is after it. Rows whose call was deleted are left out. */
  readonly through: number;
}

export interface FeedBounds {
  /** The newest id that retention has deleted; 0 where it has deleted none. */
  readonly deletedThrough: number;
  /** The newest id that was ever written; 0 where none was. */
  readonly newest: number;
}

/**
 * PORT: what was written of all calls, in the order in which it was committed. A row that was read is never followed by
 * one with a smaller id that appears later: where a database shows ids out of order, its driver waits for the gap.
 */
export interface FeedStore {
  /**
   * Names the run of ids: another one where the database is not the file that this feed was written in (a restored
   * backup counts its ids anew).
   */
  epoch(): Promise<string>;
  bounds(): Promise<FeedBounds>;
  /** Up to `limit` rows after an id, the oldest first. */
  read(after: number, limit: number): Promise<FeedRows>;
}
