const GROUPS_OF_NETWORK = 4;
const GROUPS = 8;

/**
 * Whose an address is: of IPv4 the address itself, of IPv6 its /64, for the holder of one of those has them all
 * (RFC 6177).
 */
export const networkOfAddress = (address: string): string => {
  const [bare = ''] = address.toLowerCase().split('%');
  if (!bare.includes(':')) return bare;
  if (bare.includes('.')) return bare.slice(bare.lastIndexOf(':') + 1);
  const [head = '', tail] = bare.split('::');
  const groupsOf = (text: string): string[] => text.split(':').filter((group) => group !== '');
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array<string>(Math.max(0, GROUPS - before.length - after.length)).fill('0');
  const network = [...before, ...zeros, ...after].slice(0, GROUPS_OF_NETWORK);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
};
