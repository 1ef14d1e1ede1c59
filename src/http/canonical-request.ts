import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { InvalidRequestError } from './errors.ts';
import { readTarget } from './request-target.ts';

/** Of two, one reader would believe the first and the next the second. */
const ONCE: ReadonlySet<string> = new Set(['host', 'authorization', 'authentication', 'content-type', 'dpop']);

const LENGTHS: ReadonlySet<number> = new Set([...ONCE].map((name) => name.length));

/** Node keeps the first of some and joins others: only the raw list shows that there were two. */
const headerSentTwice = (rawHeaders: readonly string[]): string | undefined => {
  const seen: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? '';
    if (!LENGTHS.has(raw.length)) continue;
    const name = raw.toLowerCase();
    if (!ONCE.has(name)) continue;
    if (seen.includes(name)) return raw;
    seen.push(name);
  }
  return undefined;
};

const IPV4 = /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?$/;
const IPV6 = /^(?:\[([^\]]+)\](?::\d{1,5})?|([^[\]]+))$/;
const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/** One text for one address: of version 6 there are many. */
const shortestIpv6 = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1);

/** An address as proxies write it, without its port, brackets, quotes and zone. What is no address stays as it is. */
const addressIn = (element: string): string => {
  const text = element.trim().replace(/^"(.*)"$/, '$1');
  const ipv4 = IPV4.exec(text)?.[1];
  if (ipv4 !== undefined) return ipv4;
  const [, bracketed, bare = ''] = IPV6.exec(text) ?? [];
  const ipv6 = (bracketed ?? bare).replace(/%.*$/, '');
  if (!isIPv6(ipv6)) return text;
  return MAPPED.exec(ipv6)?.[1] ?? shortestIpv6(ipv6);
};

/** Some proxies send the port of the client along: to a limit, each connection would be another address. */
const dropPorts = ({ headers }: IncomingMessage): void => {
  const name = 'x-forwarded-for';
  const forwarded = headers[name];
  if (typeof forwarded === 'string') headers[name] = forwarded.split(',').map(addressIn).join(', ');
};

const OAUTH = /\/(?:api\/)?oauth2?\//i;

/** At the endpoints of OAuth, clients look for `error` (RFC 6749 section 5.2). */
const refuse = (url: string, message: string): InvalidRequestError =>
  new InvalidRequestError(
    message,
    OAUTH.test(url) ? { details: { error: 'invalid_request', error_description: message } } : {},
  );

/** An address that was refused is not written to the log as it came: it may have a password in it. */
const UNREADABLE = '/';

/**
 * Brings a request to the one form that all after it reads: its target is a path with its query, Host is what the target
 * named, and forwarded addresses have no ports.
 * @returns why it is refused: its target cannot be read, or a header came twice that may come once
 */
export const canonicalize = (request: IncomingMessage): InvalidRequestError | undefined => {
  const target = readTarget(request.url ?? '');
  request.url = target?.url ?? UNREADABLE;
  if (target === undefined)
    return new InvalidRequestError('The target of the request is neither a path nor an address.');
  if (target.authority !== undefined) request.headers.host = target.authority;
  dropPorts(request);
  const twice = headerSentTwice(request.rawHeaders);
  return twice === undefined ? undefined : refuse(request.url, `The header ${twice} was sent more than once.`);
};
