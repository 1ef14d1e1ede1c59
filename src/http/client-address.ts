import type { IncomingMessage } from 'node:http';
import proxyAddress from 'proxy-addr';

/** Where a request comes from, as an IP literal. */
export type AddressOf = (request: IncomingMessage) => string;

/** The client's address: without proxies that we trust, that of the connection. */
export const createAddressOf = (trustedProxies: readonly string[]): AddressOf => {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress ?? '';
  const trusts = proxyAddress.compile([...trustedProxies]);
  return (request) => proxyAddress(request, trusts);
};
