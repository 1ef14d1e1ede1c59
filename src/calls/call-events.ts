import type { LegRole } from './call-state.ts';
import type { CallEvent, CallRecord } from './call-store.ts';
import type { Ending } from './outcome.ts';

interface LegPayload {
  readonly leg: LegRole;
  readonly address: string;
}

interface AnsweredPayload extends LegPayload {
  readonly sipStatus: number;
}

type NoPayload = Readonly<Record<string, never>>;

/** The events of a call and what each carries. A webhook or a stream shows the call itself beside it. */
export interface CallEventPayloads {
  'call.created': { readonly number: string; readonly callerId: string | null };
  'call.calling': NoPayload;
  'call.dialling': NoPayload;
  'call.connected': NoPayload;
  /** Exactly once a call, whatever races. */
  'call.ended': Ending;
  'leg.calling': LegPayload;
  'leg.ringing': AnsweredPayload;
  'leg.answered': AnsweredPayload;
  'leg.ended': LegPayload & {
    readonly sipStatus: number | null;
    readonly q850Cause: number | null;
    readonly reason: string | null;
  };
}

export type CallEventName = keyof CallEventPayloads;

/** One change of a call: what it became, which legs changed with it, and the event that tells of it. */
export interface Change {
  readonly call: CallRecord;
  readonly legs: readonly LegRole[];
  readonly name: CallEventName;
  readonly payload: CallEventPayloads[CallEventName];
  readonly at: number;
}

/** What a listener to all calls is notified of, in the order of each call, after it was journalled. */
export interface CallEventMap {
  changed: [call: CallRecord, event: CallEvent];
}

export const toCallEvent = ({ name, at, payload }: Change, sequence: number): CallEvent => ({
  sequence,
  name,
  at,
  payload: { ...payload },
});
