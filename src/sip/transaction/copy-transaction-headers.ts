import type { SipHeaders } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';

/**
 * What ACK and CANCEL share with their INVITE: its top Via alone, its route, From and Call-ID
 * (RFC 3261 sections 9.1 and 17.1.1.3).
 */
export const copyTransactionHeaders = (invite: SipRequest, headers: SipHeaders): void => {
  headers.append('via', invite.headers.get('via') ?? '').append('max-forwards', '70');
  for (const route of invite.headers.all('route')) headers.append('route', route);
  headers.append('from', invite.headers.get('from') ?? '').append('call-id', invite.callId);
};
