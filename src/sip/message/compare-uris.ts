import { SocketAddress } from 'node:net';
import type { SipUri, TelUri, Uri } from './uri.ts';

type UriParams = ReadonlyMap<string, string | undefined>;

/** Where one URI has one of these and the other has not, they differ, even at its default. */
const SIGNIFICANT_PARAMS = ['user', 'ttl', 'method', 'maddr', 'transport'];

const sameText = (a: string | undefined, b: string | undefined): boolean => a?.toLowerCase() === b?.toLowerCase();

const canonicalHost = (host: string): string =>
  host.startsWith('[') ? new SocketAddress({ address: host.slice(1, -1), family: 'ipv6' }).address : host;

const sameSipParams = (a: UriParams, b: UriParams): boolean => {
  for (const [name, value] of a) {
    if (b.has(name) && !sameText(value, b.get(name))) return false;
  }
  return SIGNIFICANT_PARAMS.every((name) => a.has(name) === b.has(name));
};

const headerSet = (uri: SipUri): string =>
  uri.headers
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('&');

const sameSip = (a: SipUri, b: SipUri): boolean =>
  a.scheme === b.scheme &&
  a.user === b.user &&
  a.password === b.password &&
  a.port === b.port &&
  canonicalHost(a.host) === canonicalHost(b.host) &&
  sameSipParams(a.params, b.params) &&
  headerSet(a) === headerSet(b);

/** RFC 3966 section 4: every parameter counts, in any order. */
const sameTel = (a: TelUri, b: TelUri): boolean =>
  a.number === b.number &&
  a.params.size === b.params.size &&
  [...a.params].every(([name, value]) => b.params.has(name) && sameText(value, b.params.get(name)));

/** Whether two URIs are equivalent (RFC 3261 section 19.1.4, RFC 5954 for IPv6, RFC 3966 section 4). Not transitive. */
export const sameUri = (a: Uri, b: Uri): boolean => {
  if (a.scheme === 'tel' || b.scheme === 'tel') return a.scheme === 'tel' && b.scheme === 'tel' && sameTel(a, b);
  return sameSip(a, b);
};
