import type { SipRequest } from '../message/message.ts';
import { uriScheme } from '../message/uri.ts';
import { hasForeignBody } from './sdp-body.ts';
import type { ExtraHeaders } from './session.ts';

interface Refusal {
  readonly status: number;
  readonly headers?: ExtraHeaders;
}

/** What a request earns before anyone looks at its purpose (RFC 3261 section 8.2.2). We support no extension. */
export const refusalOf = (request: SipRequest): Refusal | undefined => {
  const scheme = uriScheme(request.uri);
  if (scheme !== 'sip' && scheme !== 'sips' && scheme !== 'tel') return { status: 416 };
  if (request.headers.has('require')) {
    return { status: 420, headers: [['unsupported', request.headers.all('require').join(', ')]] };
  }
  return undefined;
};

/** The same for an INVITE that would open a session. */
export const inviteRefusalOf = (request: SipRequest): Refusal | undefined => {
  if (request.headers.has('replaces')) return { status: 603 };
  if (hasForeignBody(request)) return { status: 415, headers: [['accept', 'application/sdp']] };
  return undefined;
};
