import { sameUri } from '../message/compare-uris.ts';
import type { SipRequest } from '../message/message.ts';
import { parseUri } from '../message/uri.ts';
import { splitList } from '../message/via.ts';
import { LocateError } from '../transport/errors.ts';
import { locateLiteral } from '../transport/locate.ts';
import type { Hop } from '../transport/transport.ts';
import type { Binding } from './binding-store.ts';
import { RegistrationError } from './errors.ts';
import type { RegisterWish, WantedContact } from './register-request.ts';

/** A phone that changes its port with every start leaves its old contacts behind: the oldest give way. */
const MAX_BINDINGS = 10;

export interface Registering {
  readonly account: string;
  readonly request: SipRequest;
  readonly source: Hop;
  readonly now: number;
}

/**
 * The bindings after a REGISTER (RFC 3261 section 10.3, step 7). All of it or nothing.
 * @throws RegistrationError where a newer REGISTER of the same client came before: 500
 */
export const changeBindings = (
  current: readonly Binding[],
  wish: RegisterWish,
  by: Registering,
): readonly Binding[] => {
  const live = current.filter(({ expiresAt }) => expiresAt > by.now);
  if (wish.kind === 'query') return live;
  if (wish.kind === 'remove-all') {
    for (const binding of live) checkOrder(binding, by.request);
    return [];
  }
  const next = wish.contacts.reduce<readonly Binding[]>(
    (bindings, contact) => applyContact(bindings, contact, by),
    live,
  );
  return [...next].sort((a, b) => b.registeredAt - a.registeredAt).slice(0, MAX_BINDINGS);
};

const applyContact = (current: readonly Binding[], contact: WantedContact, by: Registering): readonly Binding[] => {
  const uri = parseUri(contact.uri);
  const known = current.find((binding) => sameUri(parseUri(binding.contact), uri));
  if (known !== undefined) checkOrder(known, by.request);
  const others = current.filter((binding) => binding !== known);
  return contact.expiresInSeconds === 0 ? others : [...others, bindingOf(contact, by)];
};

const checkOrder = (binding: Binding, request: SipRequest): void => {
  if (binding.callId === request.callId && request.cseq.sequence <= binding.cseq) {
    throw new RegistrationError(500, 'A later REGISTER came first');
  }
};

const bindingOf = (contact: WantedContact, { account, request, source, now }: Registering): Binding => ({
  account,
  contact: contact.uri,
  flow: flowTo(contact.uri, source),
  path: request.headers.all('path').flatMap((field) => splitList(field)),
  q: contact.q,
  registeredAt: now,
  expiresAt: now + contact.expiresInSeconds * 1000,
  callId: request.callId,
  cseq: request.cseq.sequence,
  userAgent: request.headers.get('user-agent'),
});

/**
 * Where a phone is reached: at its Contact where that is the host that the REGISTER came from, else, behind a NAT, at
 * the source. Over TCP always through the connection of the REGISTER, and anew at its Contact when that is gone.
 */
export const flowTo = (contact: string, source: Hop): Hop => {
  const hop = hopOf(contact);
  if (hop?.address !== source.address) return source;
  if (source.protocol === 'udp') return hop;
  return { protocol: source.protocol, address: source.address, port: source.port, reconnectPort: hop.port };
};

const hopOf = (contact: string): Hop | undefined => {
  try {
    return locateLiteral(contact);
  } catch (error) {
    if (error instanceof LocateError) return undefined;
    throw error;
  }
};
