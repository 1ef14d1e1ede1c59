import { SipHeaders } from '../message/headers.ts';
import { SipRequest } from '../message/message.ts';
import { copyTransactionHeaders } from './copy-transaction-headers.ts';

/** The CANCEL of an INVITE: same Via, From, To, Call-ID and CSeq number (RFC 3261 section 9.1), then `extra`. */
export const createCancel = (
  invite: SipRequest,
  extra: readonly (readonly [name: string, value: string])[],
): SipRequest => {
  const headers = new SipHeaders();
  copyTransactionHeaders(invite, headers);
  headers.append('to', invite.headers.get('to') ?? '').append('cseq', `${invite.cseq.sequence} CANCEL`);
  for (const [name, value] of extra) headers.append(name.toLowerCase(), value);
  return new SipRequest('CANCEL', invite.uri, headers);
};
