import type { CallRecord } from '../../calls/call-record.ts';
import type { CallSearch, MeasuredCall, Period, Position, Whose } from './model.ts';

/** A stretch of the calls, newest first. */
export interface Stretch<Found> {
  readonly found: readonly Found[];
  /** The last call that was looked at, found or not; null where there is no further one. */
  readonly through: Position | null;
}

export interface StretchOptions {
  /** Looks at what comes after it; null: from the newest. */
  readonly after: Position | null;
  /** Looks at so many calls, whatever it finds. */
  readonly rows: number;
}

/**
 * PORT: the calls of the past, in their order. Each read looks at a bounded number of rows, so that none holds up the
 * journal: who wants more asks again. How long it takes does not depend on how many calls there are.
 */
export interface HistoryStore {
  /** Where calls that match are. The filter that leaves the fewest rows leads. */
  look(search: CallSearch, options: StretchOptions): Promise<Stretch<Position>>;

  /** The calls at these places in the order of the places; one that was deleted meanwhile is left out. */
  calls(positions: readonly Position[]): Promise<readonly CallRecord[]>;

  /** Calls that have ended, as they are measured. Test calls are left out. */
  measure(of: Period & { readonly whose: Whose }, options: StretchOptions): Promise<Stretch<MeasuredCall>>;
}
