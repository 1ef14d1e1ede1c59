import type { SipMessage } from '../../src/sip/message/message.ts';
import { tryParse } from '../../src/sip/message/parse.ts';
import { SanityCheck } from '../../src/sip/transport/sanity-check.ts';
import type { Arrival, Hop, LocalAddress, SipTransport, TransportProtocol } from '../../src/sip/transport/transport.ts';
import type { FakeClock } from './fake-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** What the network does to a datagram. All probabilities are from 0 to 1; TCP is only delayed. */
interface NetworkFaults {
  loss: number;
  duplication: number;
  delayMs: number;
  /** Up to so much more delay, by chance: datagrams overtake each other. */
  jitterMs: number;
}

/** One message that was sent, whether it arrived or not. */
interface SentMessage {
  /** Milliseconds since the network was made. */
  readonly at: number;
  /** `host:port` of the sender and of the hop it was sent to. */
  readonly from: string;
  readonly to: string;
  readonly protocol: TransportProtocol;
  readonly text: string;
  /** `INVITE sip:bob@example.com SIP/2.0`, `SIP/2.0 200 OK` */
  readonly startLine: string;
  readonly fate: 'delivered' | 'lost' | 'unreachable';
}

const endpoint = (address: string, port: number): string => `${address}:${port}`;

/** An in-memory network of SIP transports on a fake clock: nothing is delivered until the clock is advanced. */
export class FakeNetwork {
  readonly faults: NetworkFaults = { loss: 0, duplication: 0, delayMs: 1, jitterMs: 0 };
  /** Every message sent, in order. */
  readonly sent: SentMessage[] = [];
  /** Lets a test lose chosen messages: those for which it returns true. */
  lose: (text: string, to: string) => boolean = () => false;
  readonly #clock: FakeClock;
  readonly #start: number;
  readonly #random: () => number;
  readonly #transports = new Map<string, FakeTransport>();

  constructor(clock: FakeClock, { seed = 1 }: { readonly seed?: number } = {}) {
    this.#clock = clock;
    this.#start = clock.now();
    this.#random = seededRandom(seed);
  }

  /** A transport that listens on UDP and TCP at that address. */
  transport(host: string, port = 5060): FakeTransport {
    const transport = new FakeTransport(this, host, port);
    this.#transports.set(endpoint(host, port), transport);
    return transport;
  }

  /** The start lines of all that was sent, or only of what one host sent. */
  startLines(from?: string): string[] {
    return this.sent.filter((message) => from === undefined || message.from === from).map(({ startLine }) => startLine);
  }

  remove(host: string, port: number): void {
    this.#transports.delete(endpoint(host, port));
  }

  carry(data: Buffer, from: Hop, hop: Hop, onError: ((error: Error) => void) | undefined): void {
    const receiver = this.#transports.get(endpoint(hop.address, hop.port));
    const fate = this.#fate(data, hop, receiver);
    this.#record(data, from, hop, fate);
    if (fate === 'unreachable' && hop.protocol === 'tcp') {
      this.#clock.setTimer(this.faults.delayMs, () => onError?.(new Error('connect ECONNREFUSED')));
    }
    if (fate !== 'delivered') return;
    const copies = hop.protocol === 'udp' && this.#random() < this.faults.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#clock.setTimer(this.#delay(hop), () => receiver?.arrive(Buffer.from(data), from));
    }
  }

  #fate(data: Buffer, hop: Hop, receiver: FakeTransport | undefined): SentMessage['fate'] {
    if (receiver === undefined) return 'unreachable';
    const unlucky = hop.protocol === 'udp' && this.#random() < this.faults.loss;
    return unlucky || this.lose(data.toString(), endpoint(hop.address, hop.port)) ? 'lost' : 'delivered';
  }

  #delay({ protocol }: Hop): number {
    const jitter = protocol === 'udp' ? Math.floor(this.#random() * (this.faults.jitterMs + 1)) : 0;
    return this.faults.delayMs + jitter;
  }

  #record(data: Buffer, from: Hop, hop: Hop, fate: SentMessage['fate']): void {
    const text = data.toString();
    this.sent.push({
      at: this.#clock.now() - this.#start,
      from: endpoint(from.address, from.port),
      to: endpoint(hop.address, hop.port),
      protocol: hop.protocol,
      text,
      startLine: text.slice(0, text.indexOf('\r\n')),
      fate,
    });
  }
}

/** One host of the fake network. It admits messages through the same gate as the real transport. */
export class FakeTransport implements SipTransport {
  readonly host: string;
  readonly port: number;
  readonly #network: FakeNetwork;
  readonly #sanity: SanityCheck;
  onMessage: (message: SipMessage, arrival: Arrival) => void = () => undefined;

  constructor(network: FakeNetwork, host: string, port: number) {
    this.host = host;
    this.port = port;
    this.#network = network;
    this.#sanity = new SanityCheck((data, hop) => this.send(data, hop));
  }

  get listeners(): readonly LocalAddress[] {
    return [this.#local('udp'), this.#local('tcp')];
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#network.remove(this.host, this.port);
    return Promise.resolve();
  }

  localFor(hop: Hop): LocalAddress {
    return this.#local(hop.protocol);
  }

  /** The hop by which others reach it. */
  hop(protocol: TransportProtocol = 'udp'): Hop {
    return { protocol, address: this.host, port: this.port };
  }

  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void {
    this.#network.carry(data, this.hop(hop.protocol), hop, onError);
  }

  arrive(data: Buffer, source: Hop): void {
    const arrival: Arrival = { source, local: this.#local(source.protocol) };
    const message = this.#sanity.admit(tryParse(data), arrival);
    if (message !== undefined) this.onMessage(message, arrival);
  }

  #local(protocol: TransportProtocol): LocalAddress {
    return { protocol, host: this.host, port: this.port };
  }
}
