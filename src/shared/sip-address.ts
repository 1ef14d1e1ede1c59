import { isIPv6 } from 'node:net';

const ADDRESS = /^sip:(?:[^@\s<>"]+@)?([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?(?:[;?][^\s<>"@]*)?$/i;

/** Whether a phone can be rung there: `sip:200@10.0.0.5`. SIP over TLS (`sips:`) is not spoken here. */
export const isSipAddress = (text: string): boolean => {
  const [matched, host = '', port = '0'] = ADDRESS.exec(text) ?? [];
  return matched !== undefined && (!host.startsWith('[') || isIPv6(host.slice(1, -1))) && Number(port) <= 65_535;
};
