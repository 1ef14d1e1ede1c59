import type { CallOrigin } from './call-command.ts';
import type { LegCause } from './call-engine.ts';
import type { CallRecord } from './call-record.ts';
import type { LegRole } from './call-state.ts';
import type { Ending } from './outcome.ts';

type NoPayload = Readonly<Record<string, never>>;

/**
 * The events of a call, and the facts that each brings: no more than leads from the call before it to the call after it
 * (see feed/replay.ts). A webhook or a stream shows the call itself beside it.
 */
export interface CallEventPayloads {
  /** The addresses are those that were configured, until a leg is called. */
  'call.created': {
    readonly callerId: string | null;
    readonly callerAddress: string;
    readonly calleeAddress: string;
  };
  'call.calling': NoPayload;
  'call.dialling': NoPayload;
  'call.connected': NoPayload;
  /** Exactly once a call, whatever races. `cause` is that of the leg that decided. */
  'call.ended': Ending & { readonly talkMs: number | null; readonly cause: LegCause | null };
  /** `trunk` is the name of the one that leads there; null where none is needed. */
  'leg.calling': { readonly leg: LegRole; readonly address: string; readonly trunk: string | null };
  'leg.ringing': { readonly leg: LegRole; readonly sipStatus: number };
  'leg.answered': { readonly leg: LegRole; readonly sipStatus: number | null };
  'leg.ended': {
    readonly leg: LegRole;
    readonly sipStatus: number | null;
    readonly q850Cause: number | null;
    readonly reason: string | null;
  };
}

export type CallEventName = keyof CallEventPayloads;

/** What subscribers are told: every event, and that all of a call is over. */
export type ToldName = CallEventName | 'call.settled';

/** What happened in a call, by name; `payload` goes with the name. */
export type CallFact = {
  [Name in CallEventName]: { readonly name: Name; readonly payload: CallEventPayloads[Name] };
}[CallEventName];

/** One change of a call: appended to `call_events` in the same commit as the state it led to. */
export type CallEvent = CallFact & {
  /** 1 for the first event of a call. */
  readonly sequence: number;
  /** Milliseconds since the epoch, never before the event before it. */
  readonly at: number;
};

/** A fact as an event, the fields of all in one order: millions of them go through the same functions. */
export const eventOf = ({ name, payload }: CallFact, sequence: number, at: number): CallEvent =>
  // Name and payload come from one fact.
  ({ name, payload, sequence, at }) as CallEvent;

/** One change of a call: what it became, which legs changed with it, and the event that tells of it. */
export interface Change {
  readonly call: CallRecord;
  readonly legs: readonly LegRole[];
  readonly event: CallEvent;
}

/** What is known of a call while it lives, and not journalled. */
export interface CallContext {
  /** The request that placed it. */
  readonly origin: CallOrigin | undefined;
  /** The trunk that was tried last. */
  readonly trunk: string | undefined;
}

/** What a listener to all calls is notified of, in the order of each call, after it was journalled. */
export interface CallEventMap {
  changed: [call: CallRecord, event: CallEvent, context: CallContext];
}
