import { networkInterfaces } from 'node:os';

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Under which address a listener is reached: of a wildcard, the first of the machine that others reach, if there is one. */
export const reachableHost = (host: string): string => {
  if (!isWildcard(host)) return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
};
