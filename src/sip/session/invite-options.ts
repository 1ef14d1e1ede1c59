import type { DigestCredentials } from '../auth/credentials.ts';
import type { NameAddr } from '../message/name-addr.ts';
import type { Hop } from '../transport/transport.ts';
import type { ExtraHeaders } from './session.ts';

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
