import { isIPv6 } from 'node:net';

const ADDRESS = /^sip:(?:[^@\s<>"]+@)?([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?(?:[;?][^\s<>"@]*)?$/i;

/** What SIP is carried over here: an address that asks for something else would never ring. */
const SPOKEN = new Set(['udp', 'tcp']);

const transportIn = (text: string): string | undefined => /;transport=([^;?]*)/i.exec(text)?.[1]?.toLowerCase();

/** Whether an address asks for a transport that is not spoken here, as TLS and WebSockets are not yet. */
export const wantsUnspokenTransport = (text: string): boolean => {
  const transport = transportIn(text);
  return /^sips:/i.test(text) || (transport !== undefined && !SPOKEN.has(transport));
};

/** Whether text is the address of a phone: `sip:200@10.0.0.5`. */
export const isSipAddress = (text: string): boolean => {
  const [matched, host = '', port = '0'] = ADDRESS.exec(text) ?? [];
  return matched !== undefined && (!host.startsWith('[') || isIPv6(host.slice(1, -1))) && Number(port) <= 65_535;
};
