import type { Via } from '../message/via.ts';
import type { Arrival, Hop } from './transport.ts';

const DEFAULT_PORT = 5060;

/**
 * Where the response to a request goes (RFC 3261 section 18.2.2): over TCP back over its connection, and if that is
 * gone to the port of sent-by; over UDP to the source where `rport` was asked for (RFC 3581 section 4), else to the
 * port of sent-by. `maddr` is not followed: it would let a stranger send our answers anywhere.
 */
export const responseHop = (via: Via, { source }: Arrival): Hop => {
  const sentByPort = via.port ?? DEFAULT_PORT;
  if (source.protocol !== 'udp') return { ...source, reconnectPort: sentByPort };
  return via.rport === undefined ? { ...source, port: sentByPort } : source;
};
