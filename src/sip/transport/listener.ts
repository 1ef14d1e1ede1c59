import { isIPv6 } from 'node:net';
import { ListenError } from './errors.ts';
import type { TransportProtocol } from './transport.ts';

/** What to listen on. Port 0 stands for a free one. */
export interface Listener {
  readonly protocol: TransportProtocol;
  /** An IP address; 0.0.0.0 or :: for all. */
  readonly host: string;
  readonly port: number;
}

export const isAddressTaken = (error: unknown): boolean =>
  error instanceof ListenError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';

/** Says which listener failed and why, in words of the operator. */
export const listenError = ({ protocol, host, port }: Listener, cause: Error): ListenError => {
  const where = `${protocol} ${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const message = taken
    ? `${where} is taken by another program: stop that one, or choose another port for SIP`
    : `Cannot listen on ${where}: ${cause.message}`;
  return new ListenError(message, { cause });
};

/**
 * The listeners in the order in which they are to be opened. A UDP and a TCP listener on a free port of the same host
 * go together, UDP first: peers expect one port for both.
 */
export const pairListeners = (listeners: readonly Listener[]): (readonly [Listener, Listener | undefined])[] => {
  const rest = [...listeners];
  const pairs: (readonly [Listener, Listener | undefined])[] = [];
  for (let first = rest.shift(); first !== undefined; first = rest.shift()) {
    const { protocol, host, port } = first;
    const at = rest.findIndex(
      (other) => port === 0 && other.port === 0 && other.host === host && other.protocol !== protocol,
    );
    const partner = at === -1 ? undefined : rest.splice(at, 1)[0];
    pairs.push(partner?.protocol === 'udp' ? [partner, first] : [first, partner]);
  }
  return pairs;
};
