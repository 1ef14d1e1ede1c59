import type { WallClock } from '../../shared/clock.ts';
import type { CallRecord } from '../call-record.ts';
import type { EndedBy } from '../call-state.ts';
import type { CallStore } from '../call-store.ts';
import { NodeUnreachableError } from '../errors.ts';
import { endingOnRequest } from '../outcome.ts';
import type { CallRouter } from './call-router.ts';
import { closeAbandoned } from './close-abandoned.ts';

interface StopParts {
  readonly store: CallStore;
  readonly router: CallRouter;
  readonly nodeId: string;
  readonly clock: WallClock;
}

/**
 * Ends a call that this process does not carry: it has ended, or another node carries it, or none does.
 * @throws NodeUnreachableError where another node is to end it, and does not answer yet
 */
export const stopElsewhere = async (
  call: CallRecord,
  endedBy: EndedBy,
  { store, router, nodeId, clock }: StopParts,
): Promise<CallRecord> => {
  const { tokenCall, owner } = call;
  if (call.state === 'ended') return call;
  if (owner.nodeId === nodeId) return closeUncarried(call, endedBy, { store, clock });
  await store.requestEnd({ tokenCall, endedBy });
  const ended = await router.stop(owner.nodeId, tokenCall, endedBy);
  if (ended === undefined) throw new NodeUnreachableError();
  return ended;
};

/** A call of ours in the journal alone: it was refused, though its commit was made. */
const closeUncarried = async (
  call: CallRecord,
  endedBy: EndedBy,
  { store, clock }: Pick<StopParts, 'store' | 'clock'>,
): Promise<CallRecord> => {
  const ending = endingOnRequest(call, endedBy);
  const closed = closeAbandoned(call, { ending, reason: 'lost', at: clock.now() });
  await store.update(closed.call, ['caller', 'callee'], closed.events);
  return closed.call;
};
