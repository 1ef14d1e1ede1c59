import type { MonotonicClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { readOpenFilesLimit } from '../../shared/open-files.ts';
import type { SipMessage } from '../message/message.ts';
import { tryParse } from '../message/parse.ts';
import { Binding } from './binding.ts';
import { SendError } from './errors.ts';
import { isAddressTaken, type Listener, pairListeners } from './listener.ts';
import { QueueAge } from './queue-age.ts';
import { SanityCheck, type SanityCounters } from './sanity-check.ts';
import { Screen } from './screen.ts';
import { TcpTransport } from './tcp.ts';
import { defaultTcpLimits, type TcpLimits } from './tcp-connection.ts';
import type { Arrival, Hop, LocalAddress, SipTransport } from './transport.ts';
import { UdpSocket } from './udp.ts';

export interface SocketTransportOptions {
  readonly listeners: readonly Listener[];
  /** The host for Via and Contact, where peers know us by another one (NAT). */
  readonly advertise?: string | undefined;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly limits?: Partial<TcpLimits>;
  /** Messages a second of one stranger that belong to nothing under way, see `RateLimit`; no limit where nothing is said. */
  readonly requestsPerSecond?: number | undefined;
  /** Addresses of the settings: never strangers. */
  readonly peers?: readonly string[] | undefined;
  /** How many files the process may have open; the system is asked where nothing is said. */
  readonly openFiles?: number | undefined;
}

/** A port that is free for UDP may be taken for TCP: so often another one is tried. */
const SHARED_PORT_ATTEMPTS = 20;

/** Up to this length a datagram only keeps a NAT binding open (RFC 5626 section 3.5.1): CRLF, or zeros. */
const KEEP_ALIVE_BYTES = 4;

/**
 * SIP over UDP and TCP sockets.
 *
 * - Via of requests that come in: `received` and `rport` as RFC 3581 has it. Bad requests: see `SanityCheck`.
 * - Responses to requests that came over TCP go back over the same connection, or a new one to sent-by.
 * - A request goes to the hop that it was given. `reliableHop` offers TCP for a long one only where a connection to
 *   that peer stands already: many phones do not listen on TCP, and the caller would wait for nothing.
 * - TCP has limits on everything a stranger can make us keep: see `TcpLimits`. CRLF pings get their pong.
 * - Of a peer that sends too much only what is under way is parsed: see `Screen`.
 */
export class SocketTransport implements SipTransport {
  onMessage: (message: SipMessage, arrival: Arrival) => void = () => undefined;
  hasBranch: (text: string) => boolean = () => false;
  hasDialog: (tag: string) => boolean = () => false;
  readonly #options: SocketTransportOptions;
  readonly #screen: Screen;
  readonly #sanity: SanityCheck;
  readonly #tcp: TcpTransport;
  readonly #bindings: Binding[] = [];
  readonly #sockets = new Map<Binding, UdpSocket>();
  readonly #queueAges: QueueAge[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: SocketTransportOptions) {
    this.#options = options;
    this.#screen = new Screen({
      clock: options.clock,
      log: options.log,
      requestsPerSecond: options.requestsPerSecond ?? 0,
      peers: options.peers ?? [],
      underWay: { hasBranch: (text) => this.hasBranch(text), hasDialog: (tag) => this.hasDialog(tag) },
    });
    this.#sanity = new SanityCheck((data, hop) => this.send(data, hop));
    this.#tcp = new TcpTransport({
      clock: options.clock,
      log: options.log,
      limits: { ...defaultTcpLimits, ...options.limits },
      openFiles: options.openFiles ?? readOpenFilesLimit(),
      screen: this.#screen,
      onFrame: (data, source) => this.#receive(data, source, this.localFor(source)),
      onGarbage: () => this.#sanity.drop(),
    });
  }

  get listeners(): readonly LocalAddress[] {
    return this.#bindings.map(({ bound }) => bound);
  }

  get counters(): SanityCounters {
    return this.#sanity.counters;
  }

  /** How long a datagram waits now before it is read, in milliseconds: of several sockets, the longest. */
  get queueAgeMs(): number {
    return this.#queueAges.reduce((longest, { ms }) => Math.max(longest, ms), 0);
  }

  /**
   * Opens the listeners, or leaves none open.
   * @throws ListenError where one of them cannot be opened
   */
  async start(): Promise<void> {
    try {
      for (const [listener, partner] of pairListeners(this.#options.listeners)) {
        if (partner === undefined) await this.#open(listener);
        else await this.#openOnSamePort(listener, partner);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  localFor(hop: Hop): LocalAddress {
    if (hop.local !== undefined) return hop.local;
    const local = this.#bindingFor(hop).seenBy(hop.address);
    // Without a TCP listener we can still connect: the peer answers over the connection.
    return local.protocol === hop.protocol ? local : { ...local, protocol: hop.protocol };
  }

  reliableHop({ address, port }: Hop): Hop | undefined {
    const hop: Hop = { protocol: 'tcp', address, port };
    return this.#tcp.reaches(hop) ? hop : undefined;
  }

  know(hop: Hop): void {
    this.#screen.known.add(hop.address);
    if (hop.protocol === 'tcp') this.#tcp.know(hop);
  }

  charge(source: Hop): void {
    this.#screen.charge(source.address);
  }

  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void {
    if (hop.protocol === 'tcp') {
      this.#tcp.send(data, hop, onError);
      return;
    }
    const socket = this.#sockets.get(this.#bindingFor(hop));
    if (socket !== undefined) socket.send(data, hop, onError);
    else if (onError !== undefined) process.nextTick(onError, new SendError('No UDP listener for that address'));
  }

  /**
   * The listener that a message to the hop leaves from.
   * @throws SendError where there is no listener at all
   */
  #bindingFor(hop: Hop): Binding {
    const { protocol, address, local } = hop;
    const chosen = local === undefined ? undefined : this.#bindings.find((binding) => binding.isSeenAs(local, address));
    const serving = chosen ?? this.#bindings.find((binding) => binding.serves(protocol, address));
    const binding = serving ?? this.#bindings.find((other) => other.serves('udp', address)) ?? this.#bindings[0];
    if (binding === undefined) throw new SendError('There is no listener');
    return binding;
  }

  async #open(listener: Listener): Promise<void> {
    if (listener.protocol === 'udp') this.#bindUdp(listener, await UdpSocket.bind(listener));
    else this.#bind(listener, await this.#tcp.listen(listener));
  }

  async #openOnSamePort(udp: Listener, tcp: Listener): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const socket = await UdpSocket.bind(udp);
      try {
        const port = await this.#tcp.listen({ ...tcp, port: socket.port });
        this.#bindUdp(udp, socket);
        this.#bind(tcp, port);
        return;
      } catch (error) {
        await socket.close();
        if (attempt === SHARED_PORT_ATTEMPTS || !isAddressTaken(error)) throw error;
      }
    }
  }

  #bind({ protocol, host }: Listener, port: number): Binding {
    const binding = new Binding({ protocol, host, port, advertise: this.#options.advertise });
    this.#bindings.push(binding);
    return binding;
  }

  #bindUdp(listener: Listener, socket: UdpSocket): void {
    const binding = this.#bind(listener, socket.port);
    this.#sockets.set(binding, socket);
    const { clock, ids, log } = this.#options;
    const queueAge = new QueueAge({ clock, ids, log, sendToSelf: (data) => socket.sendToSelf(data) });
    this.#queueAges.push(queueAge);
    socket.onDatagram((data, { address, port }) => {
      if (queueAge.take(data) || data.length <= KEEP_ALIVE_BYTES) return;
      const source: Hop = { protocol: 'udp', address, port };
      const local = binding.seenBy(address);
      this.#receive(data, this.#sockets.size > 1 ? { ...source, local } : source, local);
    });
  }

  /** The last resort: whatever is wrong with one message, the sockets go on. */
  #receive(data: Buffer, source: Hop, local: LocalAddress): void {
    const arrival: Arrival = { source, local };
    try {
      if (!this.#screen.admits(data, source.address)) {
        this.#sanity.drop();
        return;
      }
      const message = this.#sanity.admit(tryParse(data), arrival);
      this.#judge(message, source);
      if (message !== undefined) this.onMessage(message, arrival);
    } catch (error) {
      this.#options.log.error({ err: error }, 'A message could not be handled');
    }
  }

  /** A peer pays for what is outside of our dialogs. Whether a response is awaited, the layer above finds. */
  #judge(message: SipMessage | undefined, source: Hop): void {
    if (message?.kind === 'response') return;
    if (message === undefined || !this.hasDialog(message.to.tag ?? '')) this.charge(source);
    else if (source.protocol === 'tcp') this.#tcp.know(source);
  }

  async #closeAll(): Promise<void> {
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    for (const queueAge of this.#queueAges) queueAge.close();
    await Promise.all([this.#tcp.close(), ...sockets.map((socket) => socket.close())]);
  }
}
