import { abandonLegs, end } from './advance.ts';
import { toCallEvent } from './call-events.ts';
import type { CallRecord, CallStore } from './call-store.ts';
import type { Ending } from './outcome.ts';

const abandoned = { sipStatus: null, q850Cause: null, reason: 'lost' } as const;

/** How a crash ends a call: the moment is not known, so the call lasts until a start finds it. */
export const endingAfterCrash = (call: CallRecord): Ending => ({
  outcome: call.connectedAt === null ? 'lost' : 'completed',
  endedBy: 'system',
  endedLeg: null,
});

/** Closes in the journal a call that no engine carries any more: its end, where it had none, then each leg's. */
export const closeAbandoned = async (
  store: CallStore,
  call: CallRecord,
  { ending, at }: { readonly ending: Ending; readonly at: number },
): Promise<CallRecord> => {
  const ended = end(call, ending, at);
  const changes = [...ended, ...abandonLegs(ended.at(-1)?.call ?? call, abandoned, at)];
  const events = await store.events(call.tokenCall);
  const last = events.at(-1)?.sequence ?? 0;
  const closed = changes.at(-1)?.call ?? call;
  await store.update(
    closed,
    ['caller', 'callee'],
    changes.map((change, index) => toCallEvent(change, last + 1 + index)),
  );
  return closed;
};
