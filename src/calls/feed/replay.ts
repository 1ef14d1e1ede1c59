import { apply } from '../apply.ts';
import type { CallEvent } from '../call-events.ts';
import type { CallIdentity, CallOwner, CallRecord } from '../call-record.ts';
import { untouchedCall } from '../new-call.ts';

/** A call that is read from its events: what never changes in it, who carries it now, and what happened, in its order. */
export interface CallStory {
  readonly identity: CallIdentity;
  readonly owner: CallOwner;
  readonly events: readonly CallEvent[];
}

/** A change, and the call as it was with it. */
export interface ReplayedChange {
  readonly call: CallRecord;
  readonly event: CallEvent;
}

/**
 * The call at each of its changes. Where retention has deleted the older ones, the first that is left is applied to a call
 * to which nothing is known to have happened.
 */
export const replay = ({ identity, owner, events }: CallStory): readonly ReplayedChange[] => {
  const [first] = events;
  let call = untouchedCall(
    identity,
    owner,
    first?.name === 'call.created' ? [first.payload.callerAddress, first.payload.calleeAddress] : ['', ''],
  );
  return events.map((event) => {
    call = apply(call, event);
    return { call, event };
  });
};
