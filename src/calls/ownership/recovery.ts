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
 * @returns those calls, as they ended
 */
export const recoverCalls = async (store: CallStore, nodeId: string): Promise<readonly CallRecord[]> => {
  const taken = await store.takeOver(nodeId);
  return Promise.all(taken.map((each) => close(store, each)));
};

const close = async (store: CallStore, { call, nodeSeenAt }: TakenCall): Promise<CallRecord> => {
  const closed = closeAbandoned(call, { ending: endingAfterCrash(call), reason: 'lost', at: nodeSeenAt ?? 0 });
  await store.update(closed.call, ['caller', 'callee'], closed.events);
  return closed.call;
};
