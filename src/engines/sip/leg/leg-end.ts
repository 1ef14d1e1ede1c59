import type { LegCause } from '../../../calls/call-engine.ts';
import type { SessionEnd } from '../../../sip/user-agent.ts';
import {
  brokenCause,
  causeOfBye,
  causeOfResponse,
  expiredCause,
  incompatibleMediaCause,
  noResponseCause,
  trunkFullCause,
  unreachableCause,
} from './causes.ts';

/** Why a leg could not be had. */
export interface LegFailure {
  readonly failure: 'response' | 'timed-out' | 'unreachable';
  readonly cause: LegCause;
}

export const unreachable: LegFailure = { failure: 'unreachable', cause: unreachableCause };

/** Every trunk has as many calls as it takes. */
export const trunkFull: LegFailure = { failure: 'unreachable', cause: trunkFullCause };

/** It answered with media that are of no use to us, or with none. */
export const withoutAudio: LegFailure = { failure: 'response', cause: incompatibleMediaCause };

/** The end of a session that was not answered. */
export const failureOf = (end: SessionEnd): LegFailure => {
  switch (end.kind) {
    case 'refused':
      return { failure: 'response', cause: causeOfResponse(end.response.status, end.response.headers.get('reason')) };
    case 'broken':
      return withoutAudio; // a 2xx without SDP
    case 'timeout':
      return { failure: 'unreachable', cause: noResponseCause };
    default:
      return unreachable;
  }
};

/** The end of a session that had been answered, and not by us. */
export const causeOfLoss = (end: SessionEnd): LegCause => {
  switch (end.kind) {
    case 'remote-hangup':
      return causeOfBye(end.request.headers.get('reason'));
    case 'broken':
      return brokenCause(end.status);
    case 'expired':
      return expiredCause;
    default:
      return unreachableCause;
  }
};

/**
 * The end of a session that we had begun to end for a cause. A final response that crossed our CANCEL is what the leg
 * ended with; where none came, no status is shown.
 */
export const settledCause = (cause: LegCause, end: SessionEnd): LegCause => {
  if (end.kind === 'refused') return { ...cause, sipStatus: end.response.status };
  if (end.kind === 'timeout' || end.kind === 'transport-error') return { ...cause, sipStatus: null };
  return cause.sipStatus === 487 ? { ...cause, sipStatus: 200 } : cause;
};
