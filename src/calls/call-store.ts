import type { CallEvent } from './call-events.ts';
import type { CallIdentity, CallRecord } from './call-record.ts';
import type { EndedBy, LegRole } from './call-state.ts';
import type { CallUse } from './daily-use.ts';

/** Remembers what a POST with an `Idempotency-Key` led to, for a day, per user and client. */
export interface IdempotencyRecord {
  readonly key: string;
  readonly userId: string;
  readonly clientId: string;
  /** SHA-256 of the command, base64url: another body under the same key is a conflict. */
  readonly fingerprint: string;
  readonly tokenCall: string;
}

/** What became of a write: `not-owned` where the journal has no such call, or another node or epoch carries it. */
export type Written = 'written' | 'not-owned';

/** A call that was taken from a node, which is dead. */
export interface TakenCall {
  /** With its new owner. */
  readonly call: CallRecord;
  /** When the node last said that it lives; null where that is not known. */
  readonly nodeSeenAt: number | null;
}

/** The wish to end a call that another node carries. */
export interface EndRequest {
  readonly tokenCall: string;
  readonly endedBy: EndedBy;
}

/** What is to be journalled of a call: itself and the changed legs as they are now, and every event since the last write. */
export interface CallProgress {
  readonly call: CallRecord;
  readonly changedLegs: readonly LegRole[];
  readonly events: readonly CallEvent[];
}

/** From when calls count, and until when one that has not ended. */
export interface UseTimes {
  readonly since: number;
  readonly now: number;
}

/**
 * PORT: the journal of calls and legs. What a promise of this port promised is committed: it survives kill -9.
 * Writes that wait at the same time may share a commit. Writes of one call are applied in the order of the calls
 * to this port.
 */
export interface CallStore {
  /**
   * Journals a new call with its first event and, where given, its idempotency record: all or nothing.
   * @returns the record that already holds the key, where there is one: nothing was written then
   */
  insert(call: CallRecord, event: CallEvent, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined>;

  /**
   * Journals changes that follow each other: the call and the changed legs as they are now, and every event. Only the
   * owner that `call` names may. Events that are journalled already are left out, so that a write whose outcome is not
   * known can be repeated.
   */
  update(call: CallRecord, changedLegs: readonly LegRole[], events: readonly CallEvent[]): Promise<Written>;

  /**
   * As `update`, for what nobody waits for: it goes with the next commit, whatever that is for, and waits a few milliseconds
   * for one. `progress` is asked when the commit begins, so that what happens until then goes with it; asked again, it
   * says the same.
   */
  follow(progress: () => CallProgress): Promise<Written>;
  /** Somebody waits for what `follow` was given: it is committed at once. */
  hurry(): void;

  /** As `update` of both legs, for a call that was refused though it may be journalled: its key leads nowhere any more. */
  withdraw(call: CallRecord, events: readonly CallEvent[], idempotency?: IdempotencyRecord): Promise<Written>;

  find(tokenCall: string): Promise<CallRecord | undefined>;
  findIdempotent(key: string, userId: string, clientId: string): Promise<IdempotencyRecord | undefined>;

  /**
   * What the calls of a user took that were placed after `since`, oldest first; `now` is until when those count that have
   * not ended. Both in milliseconds since the epoch.
   */
  usedSince(user: Pick<CallIdentity, 'userId' | 'username'>, times: UseTimes): Promise<readonly CallUse[]>;

  /** Calls whose state is not `ended`, oldest first. */
  ongoingOf(userId: string): Promise<readonly CallRecord[]>;
  ongoing(): Promise<readonly CallRecord[]>;

  /**
   * Makes a node the owner of all calls of other nodes that have a leg which is not `ended`, whatever the call's state.
   * Only for a node that knows the others to be dead. @returns them, oldest first
   */
  takeOver(nodeId: string): Promise<readonly TakenCall[]>;

  /** Notes that a call is to end, for the node that carries it; on an ended call it changes nothing. */
  requestEnd(request: EndRequest): Promise<void>;
  /** What others want to end of the calls that a node carries. */
  endRequests(nodeId: string): Promise<readonly EndRequest[]>;

  /** The events of a call in their order. */
  events(tokenCall: string): Promise<readonly CallEvent[]>;
}
