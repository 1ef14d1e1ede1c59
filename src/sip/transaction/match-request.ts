import type { SipRequest } from '../message/message.ts';

/** RFC 3261 section 8.1.1.7. */
export const MAGIC_COOKIE = 'z9hG4bK';

/**
 * The key of the server transaction of `method` that a request belongs to: with its own method, one that the request
 * and its retransmissions share; with INVITE, the one that an ACK or a CANCEL is about (RFC 3261 sections 9.2, 17.2.3).
 * Requests without the magic cookie come from elements of RFC 2543, which more fields tell apart.
 *
 * Made by `join`, since that copies: a concatenated key would hold on to the whole text of the message.
 */
export const serverKey = (request: SipRequest, method: string): string => {
  const { branch, host, port } = request.topVia;
  if (branch?.startsWith(MAGIC_COOKIE) === true) return [branch, host, port, method].join(' ');
  const { uri, callId, cseq, from } = request;
  return [uri, from.tag, callId, cseq.sequence, host, port, branch, method].join(' ');
};

/** The key of a client transaction: a branch is unique, but for the CANCEL that shares it (RFC 3261 section 17.1.3). */
export const clientKey = (branch: string, method: string): string =>
  method === 'CANCEL' ? `${branch} CANCEL` : branch;
