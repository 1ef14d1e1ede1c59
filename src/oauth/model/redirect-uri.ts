import { isLoopbackHost as isThisMachine } from '../../shared/loopback.ts';
import type { Client } from './account-stores.ts';

/** An http address whose host is a loopback IP literal: its port is the client's to choose (RFC 8252 section 7.3). */
const loopbackIp = /^(http:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]))(?::\d{1,5})?([/?].*)?$/;

const withoutPort = (uri: string): string | undefined => {
  const match = loopbackIp.exec(uri);
  return match === null ? undefined : `${match[1] ?? ''} ${withSlash(match[2] ?? '')}`;
};

const withSlash = (rest: string): string => (rest.startsWith('/') ? rest : `/${rest}`);

/**
 * Exact comparison of strings (RFC 9700 section 2.1), but for the port of a loopback IP literal, which must be one, and for
 * its path where there is none: a browser writes a slash there (RFC 3986 section 6.2.3).
 */
export const redirectUriMatches = (asked: string, registered: string): boolean => {
  if (asked === registered) return true;
  if (!URL.canParse(asked)) return false;
  const bare = withoutPort(asked);
  return bare !== undefined && bare === withoutPort(registered);
};

/** An address of version 4 that is written in version 6, as URL writes it: 127.0.0.1 is ::ffff:7f00:1. */
const mappedLoopback = /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/;

/** A name may end in the dot of the root. */
const leadsToThisMachine = ({ hostname }: URL): boolean =>
  isThisMachine(hostname.replace(/\.$/, '')) || mappedLoopback.test(hostname) || hostname === '0.0.0.0';

/**
 * Whether any program of the same machine could answer there: no such address is trusted with a remembered grant. A
 * client with a secret has to prove itself behind a name such as localhost; a public one proves nothing at all.
 */
export const anyoneCouldClaim = (redirectUri: string, { secretHash }: Pick<Client, 'secretHash'>): boolean =>
  loopbackIp.test(redirectUri) ||
  !/^https?:/i.test(redirectUri) ||
  (secretHash === null && leadsToThisMachine(new URL(redirectUri)));

const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

/** A private scheme is a reversed domain name (RFC 8252 section 7.1), which keeps out `javascript:` and its like. */
const isPrivateScheme = (protocol: string): boolean => /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(protocol);

const hasSafeScheme = (url: URL): boolean =>
  url.protocol === 'https:' ||
  (url.protocol === 'http:' && isLoopbackHost(url.hostname)) ||
  isPrivateScheme(url.protocol);

/**
 * Whether an address may be registered.
 * @returns what is wrong with it, undefined where nothing is
 */
export const faultOfRedirectUri = (uri: string): string | undefined => {
  if (!/^[\x21-\x7e]+$/.test(uri) || uri.includes('\\')) return 'must be printable ASCII without a backslash';
  if (uri.includes('#')) return 'must have no fragment';
  if (!URL.canParse(uri)) return 'must be an absolute URI';
  const url = new URL(uri);
  if (url.username !== '' || url.password !== '' || /^[^/]+\/\/[^/?]*@/.test(uri)) return 'must have no user';
  if (/\/\.\.?(?:[/?]|$)|%2e/i.test(uri)) return 'must have no dot segment';
  return hasSafeScheme(url)
    ? undefined
    : 'must be https, http on loopback, or a private scheme such as com.example.app:/';
};
