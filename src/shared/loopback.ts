import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** A host as sockets take it: addresses of version 6 stand in brackets only where a port may follow. */
export const bracketless = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** Whether a host reaches only this machine: `localhost` and its subdomains (RFC 6761 section 6.3), 127.0.0.0/8, ::1. */
export const isLoopbackHost = (host: string): boolean => {
  const name = bracketless(host).toLowerCase();
  const family = isIP(name);
  if (family === 0) return name === 'localhost' || name.endsWith('.localhost');
  return loopback.check(name, family === 6 ? 'ipv6' : 'ipv4');
};
