import type { SipRequest } from '../message/message.ts';
import { type NameAddr, parseNameAddr } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';
import { splitList } from '../message/via.ts';
import { RegistrationError } from './errors.ts';

/** How long a binding may live, in seconds. */
export interface ExpiryBounds {
  readonly min: number;
  readonly max: number;
}

export interface WantedContact {
  readonly uri: string;
  readonly q: number;
  /** 0 removes it. */
  readonly expiresInSeconds: number;
}

/** What a REGISTER asks for. */
export type RegisterWish =
  | { readonly kind: 'query' }
  | { readonly kind: 'remove-all' }
  | { readonly kind: 'contacts'; readonly contacts: readonly WantedContact[] };

/**
 * Reads the Contacts of a REGISTER (RFC 3261 section 10.3, steps 6 and 7).
 * @throws RegistrationError where they cannot be carried out: 400, or 423 where one is to expire too soon
 */
export const readWish = (request: SipRequest, bounds: ExpiryBounds): RegisterWish => {
  const values = request.headers.all('contact').flatMap((field) => splitList(field));
  if (values.length === 0) return { kind: 'query' };
  const expires = request.headers.get('expires');
  if (values.includes('*')) {
    if (values.length > 1 || Number(expires) !== 0) throw new RegistrationError(400, 'Contact * takes Expires 0 alone');
    return { kind: 'remove-all' };
  }
  return { kind: 'contacts', contacts: values.map((value) => readContact(parseNameAddr(value), expires, bounds)) };
};

const readContact = (contact: NameAddr, expires: string | undefined, bounds: ExpiryBounds): WantedContact => {
  const { scheme } = parseUri(contact.uri);
  if (scheme === 'tel') throw new RegistrationError(400, 'A Contact that cannot be called');
  const expiresInSeconds = boundedExpiry(contact.params.get('expires') ?? expires, bounds);
  return { uri: contact.uri, q: readQ(contact.params.get('q')), expiresInSeconds };
};

/** A malformed time counts as absent (RFC 3261 section 10.2.1.1 says 3600, which is our most). */
const boundedExpiry = (value: string | undefined, { min, max }: ExpiryBounds): number => {
  const seconds = value !== undefined && /^\d+$/.test(value) ? Number(value) : max;
  if (seconds > 0 && seconds < min) {
    throw new RegistrationError(423, 'Interval Too Brief', [['min-expires', String(min)]]);
  }
  return Math.min(seconds, max);
};

const readQ = (value: string | undefined): number => {
  const q = Number(value ?? 1);
  return q >= 0 && q <= 1 ? q : 1;
};
