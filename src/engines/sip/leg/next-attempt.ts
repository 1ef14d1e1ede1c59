import type { LegRole } from '../../../calls/call-state.ts';
import { restrictCodecs } from '../../../sip/sdp/restrict-codecs.ts';
import type { SessionEnd } from '../../../sip/user-agent.ts';

/** All that the other leg speaks, or G.711 alone for a peer that refuses the rest. */
export type OfferedCodecs = 'all' | 'g711';

/** One INVITE of a leg: to which of its targets, and what it offers. */
export interface Attempt {
  readonly index: number;
  readonly codecs: OfferedCodecs;
}

/** What a leg tries when an attempt has failed; undefined: nothing more. */
type NextAttempt = (end: SessionEnd, failed: Attempt) => Attempt | undefined;

export const firstAttempt: Attempt = { index: 0, codecs: 'all' };

const nextTarget = ({ index }: Attempt): Attempt => ({ index: index + 1, codecs: 'all' });

const isSilent = ({ kind }: SessionEnd): boolean => kind === 'timeout' || kind === 'transport-error';

const isNotAcceptable = (status: number): boolean => status === 488 || status === 606;

/** A caller tries its next contact only where this one cannot be reached: 503, no response, no transport. */
const nextForCaller: NextAttempt = (end, failed) => {
  const isUnreachable = end.kind === 'refused' ? end.response.status === 503 : isSilent(end);
  return isUnreachable ? nextTarget(failed) : undefined;
};

/**
 * A destination tries its next trunk on every failure of the trunk: 5xx, no response, no transport. One that refuses
 * the media is offered G.711 alone, once.
 */
const nextForCallee: NextAttempt = (end, failed) => {
  if (end.kind !== 'refused') return isSilent(end) ? nextTarget(failed) : undefined;
  const { status } = end.response;
  if (isNotAcceptable(status) && failed.codecs === 'all') return { index: failed.index, codecs: 'g711' };
  return status >= 500 && status < 600 ? nextTarget(failed) : undefined;
};

export const nextAttempt: Readonly<Record<LegRole, NextAttempt>> = { caller: nextForCaller, callee: nextForCallee };

/** An offer with these codecs; undefined where it would have none, or nothing would be left out. */
export const withCodecs = (sdp: string, codecs: OfferedCodecs): string | undefined => {
  if (codecs === 'all') return sdp;
  try {
    const restricted = restrictCodecs(sdp, ['PCMU', 'PCMA']);
    return restricted === sdp ? undefined : restricted;
  } catch {
    return undefined;
  }
};
