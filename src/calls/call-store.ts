import type { CallState, EndedBy, LegRole, LegState, Outcome } from './call-state.ts';

/** A leg as it is journalled and published. Times are milliseconds since the epoch. */
export interface LegRecord {
  readonly role: LegRole;
  readonly address: string;
  readonly state: LegState;
  readonly sipStatus: number | null;
  readonly q850Cause: number | null;
  readonly reason: string | null;
  readonly ringingAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
}

/** A call as it is journalled and published. Times are milliseconds since the epoch. */
export interface CallRecord {
  readonly tokenCall: string;
  readonly userId: string;
  readonly username: string;
  readonly clientId: string;
  /** E.164 with its `+`, or an extension. */
  readonly number: string;
  readonly state: CallState;
  readonly outcome: Outcome | null;
  readonly endedBy: EndedBy | null;
  readonly endedLeg: LegRole | null;
  readonly createdAt: number;
  readonly answeredAt: number | null;
  readonly connectedAt: number | null;
  readonly endedAt: number | null;
  readonly legs: readonly [caller: LegRecord, callee: LegRecord];
}

/** One change of a call: appended to `call_events` in the same commit as the state it led to. */
export interface CallEvent {
  /** 1 for the first event of a call. */
  readonly sequence: number;
  /** In the past tense, `call.connected`, `leg.ringing`; see call-events.ts. */
  readonly name: string;
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Remembers what a POST with an `Idempotency-Key` led to, for a day, per user and client. */
export interface IdempotencyRecord {
  readonly key: string;
  readonly userId: string;
  readonly clientId: string;
  /** SHA-256 of the command, base64url: another body under the same key is a conflict. */
  readonly fingerprint: string;
  readonly tokenCall: string;
}

/**
 * PORT: the journal of calls and legs. What a promise of this port promised is committed: it survives kill -9.
 * Writes of one turn of the event loop may share a commit. Writes of one call are applied in the order of the calls
 * to this port.
 */
export interface CallStore {
  /**
   * Journals a new call with its first event and, where given, its idempotency record: all or nothing.
   * @returns the record that already holds the key, where there is one: nothing was written then
   */
  insert(call: CallRecord, event: CallEvent, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined>;

  /** Journals changes that follow each other: the call and the changed legs as they are now, and every event. */
  update(call: CallRecord, changedLegs: readonly LegRole[], events: readonly CallEvent[]): Promise<void>;

  find(tokenCall: string): Promise<CallRecord | undefined>;
  findIdempotent(key: string, userId: string, clientId: string): Promise<IdempotencyRecord | undefined>;

  /** Calls whose state is not `ended`, oldest first. */
  ongoingOf(userId: string): Promise<readonly CallRecord[]>;
  ongoing(): Promise<readonly CallRecord[]>;

  /** Calls with a leg that is not `ended`, whatever the call's state: what a start must put in order after a crash. */
  unfinished(): Promise<readonly CallRecord[]>;

  /** The events of a call in their order. */
  events(tokenCall: string): Promise<readonly CallEvent[]>;
}
