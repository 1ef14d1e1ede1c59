import { SipHeaders } from '../message/headers.ts';
import { SipRequest, type SipResponse } from '../message/message.ts';

/** The ACK of a final response other than 2xx: the transaction sends it itself (RFC 3261 section 17.1.1.3). */
export const createAck = (invite: SipRequest, response: SipResponse): SipRequest => {
  const headers = copiedHeaders(invite);
  headers.append('to', response.headers.get('to') ?? '').append('cseq', `${invite.cseq.sequence} ACK`);
  return new SipRequest('ACK', invite.uri, headers);
};

/** The CANCEL of an INVITE: same Via, From, To, Call-ID and CSeq number (RFC 3261 section 9.1), then `extra`. */
export const createCancel = (
  invite: SipRequest,
  extra: readonly (readonly [name: string, value: string])[],
): SipRequest => {
  const headers = copiedHeaders(invite);
  headers.append('to', invite.headers.get('to') ?? '').append('cseq', `${invite.cseq.sequence} CANCEL`);
  for (const [name, value] of extra) headers.append(name.toLowerCase(), value);
  return new SipRequest('CANCEL', invite.uri, headers);
};

/**
 * What ACK and CANCEL share with their INVITE: its top Via alone, its route, From and Call-ID
 * (RFC 3261 sections 9.1 and 17.1.1.3).
 */
const copiedHeaders = (invite: SipRequest): SipHeaders => {
  const headers = new SipHeaders().append('via', invite.headers.get('via') ?? '').append('max-forwards', '70');
  for (const route of invite.headers.all('route')) headers.append('route', route);
  return headers.append('from', invite.headers.get('from') ?? '').append('call-id', invite.callId);
};
