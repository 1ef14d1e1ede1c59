import { type NameAddr, readableNameAddrs } from '../../../sip/message/name-addr.ts';
import { parseUri } from '../../../sip/message/uri.ts';
import type { RefusedInvite } from '../../../sip/user-agent.ts';
import type { LegTarget } from './leg-target.ts';

/** Where redirects may lead. Anywhere would be toll fraud: what answers our INVITE would choose whom we pay. */
export type RedirectHosts = ReadonlySet<string>;

export const NO_REDIRECTS: RedirectHosts = new Set();

/** However they are chained, a leg follows no more. */
export const MAX_REDIRECTS = 5;

interface Contact {
  readonly uri: string;
  readonly host: string;
  readonly q: number;
}

const hostOf = (uri: string): string => {
  const parsed = parseUri(uri);
  return parsed.scheme === 'tel' ? '' : parsed.host;
};

/**
 * Undefined where it is no SIP address, or cannot be read: the others may be of use. With `maddr` it would lead past its
 * host, and with headers it would write our INVITE.
 */
const contactOf = ({ uri, params }: NameAddr): Contact | undefined => {
  try {
    const parsed = parseUri(uri);
    if (parsed.scheme !== 'sip' || parsed.params.has('maddr') || parsed.headers.length > 0) return undefined;
    const q = Number(params.get('q') ?? 1);
    return { uri, host: parsed.host, q: q >= 0 && q <= 1 ? q : 0 };
  } catch {
    return undefined;
  }
};

/** Credentials are for the host that they were given for: another one gets no digest of the password. */
const redirected = ({ address, trunk, invite }: LegTarget, { uri, host }: Contact): LegTarget => {
  const { from, to, headers, credentials } = invite;
  const keepsCredentials = credentials !== undefined && host === hostOf(invite.target);
  return {
    address,
    trunk,
    invite: { target: uri, from, to, ...(headers && { headers }), ...(keepsCredentials && { credentials }) },
  };
};

/** The targets that a 3xx names and that are allowed, best first (RFC 3261 sections 8.1.3.4 and 21.3). */
export const redirectedTo = (response: RefusedInvite, target: LegTarget, allowed: RedirectHosts): LegTarget[] => {
  if (allowed.size === 0 || response.status < 300 || response.status > 399) return [];
  return readableNameAddrs(response.headers.all('contact'))
    .map(contactOf)
    .filter((contact) => contact !== undefined)
    .filter(({ host }) => allowed.has(host))
    .sort((a, b) => b.q - a.q)
    .map((contact) => redirected(target, contact));
};
