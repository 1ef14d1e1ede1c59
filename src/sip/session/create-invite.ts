import { SipHeaders } from '../message/headers.ts';
import { SipRequest } from '../message/message.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { Hop } from '../transport/transport.ts';
import type { InviteOptions } from './invite-options.ts';
import { setSdp } from './sdp-body.ts';
import type { SessionContext } from './session-context.ts';

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
    .append('allow', context.allow);
  for (const [name, value] of [...extra, ...context.agentHeaders]) headers.append(name.toLowerCase(), value);
  const invite = new SipRequest('INVITE', target, headers);
  setSdp(invite, sdp);
  return invite;
};
