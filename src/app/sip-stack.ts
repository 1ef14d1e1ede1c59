import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { TransactionLayer } from '../sip/transaction/transaction-layer.ts';
import { SocketTransport } from '../sip/transport/socket-transport.ts';
import type { TransportProtocol } from '../sip/transport/transport.ts';
import { UserAgent } from '../sip/user-agent.ts';

export interface SipParts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

export interface SipStackOptions extends SipParts {
  readonly listeners: readonly { readonly protocol: TransportProtocol; readonly host: string; readonly port: number }[];
  readonly advertise?: string | undefined;
  readonly contactUser: string;
  readonly serverName: string;
}

/** A user agent over transactions over sockets: what the engine has once, and each peer of the sandbox too. */
export interface SipStack {
  readonly transport: SocketTransport;
  readonly transactions: TransactionLayer;
  readonly userAgent: UserAgent;
}

export const composeSipStack = (options: SipStackOptions): SipStack => {
  const transport = new SocketTransport(options);
  const transactions = new TransactionLayer({ ...options, transport });
  const userAgent = new UserAgent({ ...options, transport, transactions });
  return { transport, transactions, userAgent };
};

/** Ends sessions, then transactions, then sockets. */
export const closeSipStack = async (
  { userAgent, transactions, transport }: SipStack,
  graceMs: number,
): Promise<void> => {
  await userAgent.close(graceMs);
  transactions.close();
  await transport.close();
};
