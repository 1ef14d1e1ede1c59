import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { CallRecord } from './call-record.ts';
import type { CallStore, IdempotencyRecord } from './call-store.ts';
import { closeAbandoned } from './ownership/close-abandoned.ts';

interface WithdrawParts {
  readonly store: CallStore;
  readonly clock: Clock;
  readonly log: Log;
}

const RETRY_AFTER_MS = 1000;

/**
 * Closes a call that was refused although it may stand in the journal: its commit was made, and the disk failed before it
 * was safe. Tried until it is known, for as long as the process lives: a call that nobody carries must not be listed, and
 * its idempotency key must not lead to it.
 */
export const withdraw = async (
  call: CallRecord,
  { store, clock, log }: WithdrawParts,
  idempotency?: IdempotencyRecord,
): Promise<void> => {
  const ending = { outcome: 'failed', endedBy: 'system', endedLeg: null } as const;
  const closed = closeAbandoned(call, { ending, reason: 'journal-failure', at: clock.now() });
  for (;;) {
    try {
      await store.withdraw(closed.call, closed.events, idempotency);
      return;
    } catch (error) {
      log.debug({ err: error, token_call: call.tokenCall }, 'a refused call could not be withdrawn yet');
      await new Promise<void>((resolve) => clock.setTimer(RETRY_AFTER_MS, resolve));
    }
  }
};
