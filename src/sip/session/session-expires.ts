import { type SipMessage, SipRequest, type SipResponse } from '../message/message.ts';
import { supports } from './option-tags.ts';

/** Who refreshes a session, seen from one request: its sender or its receiver (RFC 4028 section 4). */
export type Refresher = 'uac' | 'uas';

export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: Refresher | undefined;
}

/** No session is shorter (RFC 4028 section 4): a shorter one would be a flood of refreshes. */
export const MIN_SESSION_EXPIRES = 90;

/** No session is longer: a day. What is lost in it is noticed then. */
export const MAX_SESSION_EXPIRES = 86_400;

const SECONDS = /^\s*(\d{1,10})\s*(?:;|$)/;
const REFRESHER = /;\s*refresher\s*=\s*(uac|uas)\s*(?:;|$)/i;

const secondsIn = (value: string | undefined): number | undefined => {
  const digits = value === undefined ? undefined : SECONDS.exec(value)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** The Session-Expires of a message; undefined where it has none, or none that can be read. */
export const sessionExpiresOf = ({ headers }: SipMessage): SessionExpires | undefined => {
  const value = headers.get('session-expires');
  const seconds = secondsIn(value);
  if (value === undefined || seconds === undefined) return undefined;
  const refresher = REFRESHER.exec(value)?.[1]?.toLowerCase();
  return { seconds, refresher: refresher as Refresher | undefined };
};

/** The Min-SE of a message, in seconds; what holds without one where it has none. */
export const minSessionExpiresOf = ({ headers }: SipMessage): number =>
  secondsIn(headers.get('min-se')) ?? MIN_SESSION_EXPIRES;

/** Whether a request asks for a session that is too short for us: 422, which its sender must understand (section 9). */
export const isTooShort = (request: SipRequest): boolean =>
  (sessionExpiresOf(request)?.seconds ?? MIN_SESSION_EXPIRES) < MIN_SESSION_EXPIRES && supports(request, 'timer');

/**
 * The same request with the session that a 422 asks for (RFC 4028 section 7.3), without Via. Each is longer than the one
 * before, so that a peer cannot lead us in circles.
 *
 * @param nextCSeq is asked only where there is such a request
 * @returns undefined where the response is final
 */
export const withLongerSession = (
  refused: SipRequest,
  response: SipResponse,
  nextCSeq: () => number,
): SipRequest | undefined => {
  if (response.status !== 422 || !response.headers.has('min-se')) return undefined;
  const least = minSessionExpiresOf(response);
  const { seconds = 0, refresher } = sessionExpiresOf(refused) ?? {};
  if (least <= seconds || least > MAX_SESSION_EXPIRES) return undefined;
  const headers = refused.headers.clone().remove('via');
  headers.set('cseq', `${nextCSeq()} ${refused.method}`);
  headers.set('session-expires', `${least}${refresher === undefined ? '' : `;refresher=${refresher}`}`);
  headers.set('min-se', String(least));
  return new SipRequest(refused.method, refused.uri, headers, refused.body);
};
