import { SipHeaders } from '../message/headers.ts';
import { SipRequest, type SipResponse } from '../message/message.ts';
import { copyTransactionHeaders } from './copy-transaction-headers.ts';

/** The ACK of a final response other than 2xx: the transaction sends it itself (RFC 3261 section 17.1.1.3). */
export const createAck = (invite: SipRequest, response: SipResponse): SipRequest => {
  const headers = new SipHeaders();
  copyTransactionHeaders(invite, headers);
  headers.append('to', response.headers.get('to') ?? '').append('cseq', `${invite.cseq.sequence} ACK`);
  return new SipRequest('ACK', invite.uri, headers);
};
