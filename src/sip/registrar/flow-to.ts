import { LocateError } from '../transport/errors.ts';
import { locateLiteral } from '../transport/locate.ts';
import type { Hop } from '../transport/transport.ts';

/**
 * Where a phone is reached: at its Contact where that is the host that the REGISTER came from, else, behind a NAT, at
 * the source. Over TCP always through the connection of the REGISTER, and anew at its Contact when that is gone.
 */
export const flowTo = (contact: string, source: Hop): Hop => {
  const hop = hopOf(contact);
  if (hop?.address !== source.address) return source;
  if (source.protocol === 'udp') return hop;
  return { protocol: source.protocol, address: source.address, port: source.port, reconnectPort: hop.port };
};

const hopOf = (contact: string): Hop | undefined => {
  try {
    return locateLiteral(contact);
  } catch (error) {
    if (error instanceof LocateError) return undefined;
    throw error;
  }
};
