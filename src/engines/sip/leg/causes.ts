import type { LegCause } from '../../../calls/call-engine.ts';

/** Q.850 causes of final responses: RFC 3398 section 8.2.6.1; 607 and 608 are declines (RFC 8197, RFC 8688). */
const q850ByStatus: Readonly<Record<number, number>> = {
  400: 41,
  401: 21,
  402: 21,
  403: 21,
  404: 1,
  405: 63,
  406: 79,
  407: 21,
  408: 102,
  410: 22,
  413: 127,
  414: 127,
  415: 79,
  416: 127,
  420: 127,
  421: 127,
  423: 127,
  480: 18,
  481: 41,
  482: 25,
  483: 25,
  484: 28,
  485: 1,
  486: 17,
  488: 65,
  500: 41,
  501: 79,
  502: 38,
  503: 41,
  504: 102,
  505: 127,
  513: 127,
  600: 17,
  603: 21,
  604: 1,
  606: 65,
  607: 21,
  608: 21,
};

const reasonByStatus: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  407: 'unauthorized',
  408: 'timeout',
  410: 'gone',
  480: 'unavailable',
  481: 'dialog-gone',
  484: 'incomplete-number',
  486: 'busy',
  487: 'cancelled',
  488: 'media-not-acceptable',
  503: 'service-unavailable',
  504: 'timeout',
  600: 'busy',
  603: 'declined',
  604: 'not-found',
  606: 'media-not-acceptable',
  607: 'unwanted',
  608: 'rejected',
};

const reasonByClass = (status: number): string => {
  if (status < 400) return 'redirected';
  if (status < 500) return 'refused';
  return status < 600 ? 'server-failure' : 'refused-everywhere';
};

const Q850_IN_REASON = /(?:^|,)\s*Q\.850\s*;[^,]*?\bcause\s*=\s*(\d{1,3})/i;

/** The Q.850 cause of a Reason header (RFC 3326), undefined where it has none. */
const q850In = (reasonHeader: string | undefined): number | undefined => {
  const cause = reasonHeader === undefined ? undefined : Q850_IN_REASON.exec(reasonHeader)?.[1];
  return cause === undefined ? undefined : Number(cause);
};

/** What a final response means on a leg: with the peer's own Q.850 cause where its Reason header has one (RFC 6432). */
export const causeOfResponse = (status: number, reasonHeader?: string): LegCause => ({
  sipStatus: status,
  q850Cause: q850In(reasonHeader) ?? q850ByStatus[status] ?? null,
  reason: reasonByStatus[status] ?? reasonByClass(status),
});

/** Normal call clearing (Q.850 cause 16) of a leg that had answered. */
export const hangupCause: LegCause = { sipStatus: 200, q850Cause: 16, reason: 'hangup' };

/** The peer did not answer our request at all (Q.850 cause 18, no user responding). */
export const noResponseCause: LegCause = { sipStatus: null, q850Cause: 18, reason: 'no-response' };

/** Nothing could be sent, or there is nowhere to send it (Q.850 cause 27, destination out of order). */
export const unreachableCause: LegCause = { sipStatus: null, q850Cause: 27, reason: 'unreachable' };

/** We have as many calls as the trunk takes (Q.850 cause 34, no circuit available). */
export const trunkFullCause: LegCause = { sipStatus: null, q850Cause: 34, reason: 'trunk-full' };

/** It rang, and our timer ended it (Q.850 cause 19, no answer from user). */
export const noAnswerCause: LegCause = { sipStatus: 487, q850Cause: 19, reason: 'no-answer' };

/** We ended it before it was answered. */
export const cancelledCause: LegCause = { sipStatus: 487, q850Cause: 16, reason: 'cancelled' };

/** The session broke while it lasted: no ACK, or 408 or 481 inside it (Q.850 cause 41, temporary failure). */
export const brokenCause = (status: number): LegCause => ({ sipStatus: status, q850Cause: 41, reason: 'broken' });

/** The peer did not refresh its session, or did not answer ours (Q.850 cause 102, recovery on timer expiry). */
export const expiredCause: LegCause = { sipStatus: 408, q850Cause: 102, reason: 'session-expired' };

/** The media of the two legs could not be brought together (Q.850 cause 88, incompatible destination). */
export const incompatibleMediaCause: LegCause = { sipStatus: 200, q850Cause: 88, reason: 'media-not-acceptable' };

/** What the peer's BYE says: the Q.850 cause of its Reason header, else normal clearing. */
export const causeOfBye = (reasonHeader: string | undefined): LegCause => ({
  ...hangupCause,
  q850Cause: q850In(reasonHeader) ?? hangupCause.q850Cause,
});

/** Another phone of the same user has answered (RFC 3326; no phone shows such a call as missed). */
export const completedElsewhere: LegCause = { sipStatus: 200, q850Cause: null, reason: 'Call completed elsewhere' };

/** A Reason header that shows one leg why the other one failed (RFC 3326). */
export const reasonHeader = (cause: LegCause): string => {
  const parts: string[] = [];
  if (cause.sipStatus !== null && (cause.sipStatus >= 300 || cause === completedElsewhere)) {
    parts.push(`SIP;cause=${cause.sipStatus};text="${cause.reason}"`);
  }
  if (cause.q850Cause !== null) parts.push(`Q.850;cause=${cause.q850Cause}`);
  return parts.join(', ');
};
