import type { CallRecord } from '../call-record.ts';
import type { CallStore, TakenCall } from '../call-store.ts';
import type { Ending } from '../outcome.ts';
import { closeAbandoned } from './close-abandoned.ts';

/** How a crash ends a call. */
const endingAfterCrash = (call: CallRecord): Ending => ({
  outcome: call.connectedAt === null ? 'lost' : 'completed',
  endedBy: 'system',
  endedLeg: null,
});

/**
 * Closes in the journal what dead nodes left open. A call ended when its node was last known to live: the time until
 * another one found it is neither ringing nor talk.
 */
export const recoverCalls = async (store: CallStore, nodeId: string): Promise<number> => {
  const taken = await store.takeOver(nodeId);
  await Promise.all(taken.map((each) => close(store, each)));
  return taken.length;
};

const close = async (store: CallStore, { call, nodeSeenAt }: TakenCall): Promise<void> => {
  const closed = closeAbandoned(call, { ending: endingAfterCrash(call), reason: 'lost', at: nodeSeenAt ?? 0 });
  await store.update(closed.call, ['caller', 'callee'], closed.events);
};
