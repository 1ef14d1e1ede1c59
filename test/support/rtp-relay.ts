import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';

/** What the network does to the packet that came as the n-th, counted from 0. */
export type PacketFate = { readonly kind: 'lost' } | { readonly kind: 'delayed'; readonly ms: number };

export type RelayPlan = (index: number) => PacketFate;

export interface RelayOptions {
  /** Where the far end listens on 127.0.0.1. */
  readonly farPort: number;
  /** For packets of the far end; the other way is as it is. */
  readonly plan: RelayPlan;
}

/** A packet of the far end. */
export interface RelayedPacket {
  /** When it was sent, by the far end's own clock (its RTP timestamp), in milliseconds from an arbitrary moment on. */
  readonly mediaMs: number;
  /** When it left the relay; undefined: it was lost, or has not left yet. */
  leftMs?: number;
}

/** RTP between a phone and a far end, in real time, which loses and delays packets of the far end by a plan. */
export class RtpRelay {
  readonly #options: RelayOptions;
  readonly #toPhone: Socket;
  readonly #toFarEnd: Socket;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #packets: RelayedPacket[] = [];
  #phone: RemoteInfo | undefined;

  private constructor(options: RelayOptions, toPhone: Socket, toFarEnd: Socket) {
    this.#options = options;
    this.#toPhone = toPhone;
    this.#toFarEnd = toFarEnd;
    toPhone.on('message', (datagram, from) => {
      this.#phone = from;
      this.#toFarEnd.send(datagram, options.farPort, '127.0.0.1');
    });
    toFarEnd.on('message', (datagram) => this.#forward(datagram));
    for (const socket of [toPhone, toFarEnd]) socket.on('error', () => undefined);
  }

  static async open(options: RelayOptions): Promise<RtpRelay> {
    return new RtpRelay(options, await boundSocket(), await boundSocket());
  }

  /** Where the phone sends, on 127.0.0.1. */
  get port(): number {
    return this.#toPhone.address().port;
  }

  /** Ends it; what is still delayed is forgotten. @returns the packets of the far end, as they came */
  close(): readonly RelayedPacket[] {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#toPhone.close();
    this.#toFarEnd.close();
    return this.#packets;
  }

  #forward(datagram: Buffer): void {
    const fate = this.#options.plan(this.#packets.length);
    const packet: RelayedPacket = { mediaMs: datagram.readUInt32BE(4) / 8 };
    this.#packets.push(packet);
    if (fate.kind === 'lost') return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      packet.leftMs = performance.now();
      const { port, address } = this.#phone ?? {};
      if (port !== undefined) this.#toPhone.send(datagram, port, address);
    }, fate.ms);
    this.#timers.add(timer);
  }
}

const boundSocket = async (): Promise<Socket> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
};
