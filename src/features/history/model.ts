import type { Outcome } from '../../calls/call-state.ts';

/** Where a call stands among all: newest first, of those of one millisecond the later one. */
export interface Position {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly id: number;
}

/** Whose calls may be seen. */
export type Whose =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'user'; readonly userId: string; readonly username: string }
  /** Those that an application placed for users whose grants stand. */
  | { readonly kind: 'application'; readonly clientId: string; readonly userIds: ReadonlySet<string> };

/** Between two moments, in milliseconds since the epoch: when the calls were placed. */
export interface Period {
  /** Inclusive; null: from the first. */
  readonly since: number | null;
  /** Exclusive; null: to the last. */
  readonly until: number | null;
}

/** A number as calls keep it, or how it begins. */
export interface NumberSearch {
  readonly kind: 'exact' | 'prefix';
  readonly digits: string;
}

/** Which calls are wanted; null where it does not matter. */
export interface CallSearch extends Period {
  readonly whose: Whose;
  readonly state: 'ended' | 'any';
  readonly number: NumberSearch | null;
  readonly outcome: Outcome | null;
  readonly clientId: string | null;
  /** The name of a user. */
  readonly username: string | null;
}

/** What is measured of a call that has ended. Times are milliseconds since the epoch. */
export interface MeasuredCall {
  readonly createdAt: number;
  readonly username: string;
  readonly outcome: Outcome;
  readonly talkMs: number | null;
  readonly endedAt: number | null;
  /** Of the destination. `was called` also of calls from before that was dated. */
  readonly callee: {
    readonly wasCalled: boolean;
    readonly calledAt: number | null;
    readonly trunk: string | null;
    readonly ringingAt: number | null;
    readonly answeredAt: number | null;
    readonly endedAt: number | null;
    readonly sipStatus: number | null;
  };
}
