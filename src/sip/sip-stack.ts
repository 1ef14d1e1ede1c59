import type { MonotonicClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { TransactionLayer } from './transaction/transaction-layer.ts';
import { SocketTransport } from './transport/socket-transport.ts';
import type { Hop, LocalAddress, TransportProtocol } from './transport/transport.ts';
import { UserAgent } from './user-agent.ts';

export type { LocalAddress } from './transport/transport.ts';

export interface SipStackOptions {
  /** Where to listen; port 0 stands for a free one. */
  readonly listeners: readonly { readonly protocol: TransportProtocol; readonly host: string; readonly port: number }[];
  /** The host for Via and Contact, where peers know us by another one (NAT). */
  readonly advertise?: string | undefined;
  /** The user part of our Contact. */
  readonly contactUser: string;
  /** For User-Agent. */
  readonly serverName: string;
  /** How long a session may live without a sign of life, in seconds: 1800 where nothing is said (RFC 4028). */
  readonly sessionExpiresSeconds?: number | undefined;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Messages a second of one stranger that belong to nothing under way; no limit where nothing is said. */
  readonly requestsPerSecond?: number;
  readonly connections?: number;
  /** Of strangers with the same address. */
  readonly connectionsPerAddress?: number;
  /** Addresses that are never strangers. */
  readonly peers?: readonly string[];
}

/** A user agent over transactions over sockets: what the engine has once, and each peer of the sandbox too. */
export class SipStack {
  readonly userAgent: UserAgent;
  readonly #transport: SocketTransport;
  readonly #transactions: TransactionLayer;

  constructor(options: SipStackOptions) {
    const { advertise, clock, contactUser, ids, listeners, log, peers, requestsPerSecond, serverName } = options;
    const { connections, connectionsPerAddress: strangersOfAddress } = options;
    const limits = { ...(connections && { connections }), ...(strangersOfAddress && { strangersOfAddress }) };
    this.#transport = new SocketTransport({ listeners, advertise, clock, ids, log, limits, requestsPerSecond, peers });
    this.#transactions = new TransactionLayer({ transport: this.#transport, clock, ids, log });
    this.userAgent = new UserAgent({
      transport: this.#transport,
      transactions: this.#transactions,
      clock,
      ids,
      log,
      contactUser,
      serverName,
      sessionExpiresSeconds: options.sessionExpiresSeconds,
    });
  }

  /** The peer at that hop is no stranger, as if it were one of `peers`, for an hour. */
  know(hop: Hop): void {
    this.#transport.know(hop);
  }

  /** The listeners as bound: port 0 has become a real port. */
  get listeners(): readonly LocalAddress[] {
    return this.#transport.listeners;
  }

  /** How long a datagram waits now before it is read, in milliseconds; 0 without UDP. */
  get queueAgeMs(): number {
    return this.#transport.queueAgeMs;
  }

  /**
   * Opens the listeners.
   * @throws ListenError where one cannot be opened; then nothing is left open
   */
  start(): Promise<void> {
    return this.#transport.start();
  }

  /** Drops what transactions are left and closes the sockets. Sessions are ended before by `userAgent.close`. */
  close(): Promise<void> {
    this.#transactions.close();
    return this.#transport.close();
  }
}
