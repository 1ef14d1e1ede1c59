import type { SipRequest } from '../message/message.ts';
import { formatVia, splitList, type Via } from '../message/via.ts';
import type { Hop } from './transport.ts';

const withoutBrackets = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

const stamped = (via: Via, source: Hop): Via => {
  const received = source.address;
  return via.rport === undefined ? { ...via, received } : { ...via, received, rport: source.port };
};

/**
 * Notes in the top Via where a request really came from: `received` where sent-by differs or `rport` was asked for, and
 * `rport` where it was (RFC 3261 section 18.2.1, RFC 3581 section 4).
 *
 * @throws {SipParseError} when there is no Via that can be read
 */
export const stampVia = (request: SipRequest, source: Hop): void => {
  const via = request.topVia;
  if (via.rport === undefined && withoutBrackets(via.host) === source.address) return;
  const others = splitList(request.headers.get('via') ?? '').slice(1);
  request.headers.replaceFirst('via', [formatVia(stamped(via, source)), ...others].join(', '));
  request.forgetParsed();
};
