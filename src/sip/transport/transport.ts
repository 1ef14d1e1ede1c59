import type { SipMessage } from '../message/message.ts';

/** `tls`, `ws` and `wss` join here later. */
export type TransportProtocol = 'udp' | 'tcp';

/** Where a message goes next: a protocol, an IP literal and a port. Names were resolved before (RFC 3263). */
export interface Hop {
  readonly protocol: TransportProtocol;
  readonly address: string;
  readonly port: number;
  /** The port for a new connection where the one to `port` is gone (RFC 3261 section 18.2.2). Same port by default. */
  readonly reconnectPort?: number;
  /** The listener that it leaves from, where there is a choice: a response comes from where its request went. */
  readonly local?: LocalAddress;
}

/** An address of ours as a peer is to see it: for Via sent-by and Contact. An IPv6 host has its brackets. */
export interface LocalAddress {
  readonly protocol: TransportProtocol;
  readonly host: string;
  readonly port: number;
}

/** How a message came in, and the way back. */
export interface Arrival {
  /** Its source: a response may go back there (RFC 3261 18.2.2, RFC 3581); for TCP over the same connection. */
  readonly source: Hop;
  readonly local: LocalAddress;
}

/**
 * PORT: carries messages over sockets. Malformed input never gets past it: what can be answered is answered with 400,
 * the rest is dropped and counted.
 */
export interface SipTransport {
  /** Opens the listeners; rejects with a clear error when an address is taken. */
  start(): Promise<void>;
  /** Closes listeners and connections. Idempotent. */
  close(): Promise<void>;

  /** The listeners as bound: port 0 has become a real port. */
  readonly listeners: readonly LocalAddress[];

  /** The address of ours that a peer at `hop` is to answer to. */
  localFor(hop: Hop): LocalAddress;

  /** The same peer over a reliable protocol, where that is known to work: for requests too long for a datagram. */
  reliableHop?(hop: Hop): Hop | undefined;

  /**
   * Sends bytes. Over UDP only errors that the system reports are known; over TCP an existing connection to the
   * hop is used, else one is opened. `onError` is called at most once, never within this call.
   */
  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void;

  /**
   * The peer is no stranger: it was sent a request, its call was taken, or it registered. It and its connections are
   * held dearer from then on.
   */
  know?(hop: Hop): void;

  /** What that peer sent belongs to nothing under way, as could not be seen before: it counts towards its rate. */
  charge?(source: Hop): void;

  /** Set by the layer above: whether a text begins with the branch of a request of ours that is under way. */
  hasBranch?: (text: string) => boolean;

  /** Set by the layer above: whether a tag is ours in a dialog that lives. */
  hasDialog?: (tag: string) => boolean;

  /** Set once by the layer above, before `start`. `received` and `rport` were already put into the Via of requests. */
  onMessage: (message: SipMessage, arrival: Arrival) => void;
}
