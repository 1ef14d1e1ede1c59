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

/**
 * Which node carries a call: a node is a process that serves. The epoch grows each time that another node takes the call,
 * so that a write by the one before it changes nothing, even where that one takes it back.
 */
export interface CallOwner {
  readonly nodeId: string;
  readonly epoch: number;
}

/** `test`: from a phone of our own that judges the far end, so that it counts in no statistics of calls between people. */
export type CallPurpose = 'talk' | 'test';

/** What never changes in a call. */
export interface CallIdentity {
  readonly tokenCall: string;
  readonly userId: string;
  readonly username: string;
  readonly clientId: string;
  /** E.164 with its `+`, or an extension. */
  readonly number: string;
  readonly createdAt: number;
  readonly purpose: CallPurpose;
}

/** A call as it is journalled and published. Times are milliseconds since the epoch. */
export interface CallRecord extends CallIdentity {
  readonly owner: CallOwner;
  /** Of its last event: 1 for a call to which nothing has happened yet. */
  readonly sequence: number;
  readonly state: CallState;
  readonly outcome: Outcome | null;
  readonly endedBy: EndedBy | null;
  readonly endedLeg: LegRole | null;
  readonly answeredAt: number | null;
  readonly connectedAt: number | null;
  readonly endedAt: number | null;
  /** Since the destination answered: measured, not the difference of two dates. Null until the end, and where the call is not `completed`. */
  readonly talkMs: number | null;
  readonly legs: readonly [caller: LegRecord, callee: LegRecord];
}
