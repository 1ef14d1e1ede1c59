import { isIPv4 } from 'node:net';
import type { Dialog } from '../dialog/dialog.ts';
import type { Hop } from '../transport/transport.ts';
import type { SessionContext } from './session-context.ts';

const PRIVATE_IPV4 = /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

const isPrivate = (address: string): boolean => isIPv4(address) && PRIVATE_IPV4.test(address);

/** The host of a SIP URI as it was written. */
const hostOf = (uri: string): string => {
  const hostPort = uri.slice(uri.lastIndexOf('@') + 1).replace(/^sips?:/i, '');
  return /^(\[[^\]]*\]|[^:;?]*)/.exec(hostPort)?.[0] ?? '';
};

/**
 * Whether requests in the dialog go where the INVITE went or came from instead of to the peer's Contact. So it is when
 * the Contact names the inside of a NAT that the peer was seen behind, and over TCP when it names the same host: the
 * connection that stands is used, since its port may not be listened on (RFC 5923). Never with a route set.
 */
export const keepsToFlow = (dialog: Dialog): boolean => {
  if (dialog.isRouted) return false;
  const { peer } = dialog;
  const host = hostOf(dialog.remoteTarget);
  if (isPrivate(host) && !isPrivate(peer.address)) return true;
  return isReliable(peer) && host === peer.address;
};

/** Whether the Contact is, to the letter, where the peer was seen: then nothing has to be read or found. */
const isAtPeer = ({ isRouted, peer, remoteTarget }: Dialog): boolean =>
  !isRouted &&
  peer.protocol === 'udp' &&
  remoteTarget.startsWith('sip:') &&
  remoteTarget.endsWith(`@${peer.address}:${peer.port}`);

const isReliable = (hop: Hop): boolean => hop.protocol !== 'udp';

/**
 * Runs `use` with the hop for requests in the dialog: in this turn unless a name has to be resolved. Where that fails
 * the peer of the INVITE serves: it forwarded that, and may forward this.
 */
export const withNextHop = (context: SessionContext, dialog: Dialog, use: (hop: Hop) => void): void => {
  const found = (hop: Hop | undefined): void => {
    dialog.nextHop = hop ?? dialog.peer;
    use(dialog.nextHop);
  };
  if (dialog.nextHop !== undefined) use(dialog.nextHop);
  else if (isAtPeer(dialog) || keepsToFlow(dialog)) found(dialog.peer);
  else context.locator.find(dialog.nextHopUri, ([hop]) => found(hop));
};
