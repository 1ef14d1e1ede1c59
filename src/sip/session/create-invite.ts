import type { DigestCredentials } from '../auth/credentials.ts';
import { SipHeaders } from '../message/headers.ts';
import { SipRequest } from '../message/message.ts';
import { formatNameAddr, type NameAddr } from '../message/name-addr.ts';
import type { Hop } from '../transport/transport.ts';
import { supportedOptions } from './option-tags.ts';
import { setSdp } from './sdp-body.ts';
import type { ExtraHeaders } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { MIN_SESSION_EXPIRES } from './session-expires.ts';

export interface InviteOptions {
  /** The Request-URI. */
  readonly target: string;
  /** The next hop, where it is not where the target or the first Route points. */
  readonly hop?: Hop;
  /** Path of a registered contact, outbound proxies: a preloaded route set (RFC 3261 section 8.1.2). */
  readonly route?: readonly string[];
  readonly from: NameAddr;
  readonly to: NameAddr;
  /** The offer: this engine never sends an INVITE without one. */
  readonly sdp: string;
  readonly headers?: ExtraHeaders;
  /** Answer to 401 and 407: same Call-ID and From tag, CSeq + 1, once; again only with `stale=true`. */
  readonly credentials?: DigestCredentials;
}

interface InviteIdentity {
  readonly context: SessionContext;
  readonly hop: Hop;
  readonly callId: string;
  readonly localTag: string;
  readonly cseq: number;
}

/** The INVITE that opens a session, without Via (RFC 3261 sections 8.1.1 and 13.2.1). */
export const createInvite = (options: InviteOptions, identity: InviteIdentity): SipRequest => {
  const { from, to, target, route = [], headers: extra = [], sdp } = options;
  const { context, hop, callId, localTag, cseq } = identity;
  const headers = new SipHeaders();
  for (const value of route) headers.append('route', value);
  headers
    .append('max-forwards', '70')
    .append('from', formatNameAddr({ ...from, tag: localTag }))
    .append('to', formatNameAddr({ ...to, tag: undefined }))
    .append('call-id', callId)
    .append('cseq', `${cseq} INVITE`)
    .append('contact', context.contact(hop))
    .append('allow', context.allow)
    .append('supported', supportedOptions)
    .append('session-expires', String(context.sessionExpiresSeconds))
    .append('min-se', String(MIN_SESSION_EXPIRES));
  for (const [name, value] of [...extra, ...context.agentHeaders]) headers.append(name.toLowerCase(), value);
  const invite = new SipRequest('INVITE', target, headers);
  setSdp(invite, sdp);
  return invite;
};
