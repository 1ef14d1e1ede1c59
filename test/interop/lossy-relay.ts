import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seededRandom } from '../support/seeded-random.ts';

export interface LossyRelayOptions {
  /** Of the service, on 127.0.0.1. */
  readonly service: number;
  /** Of the peers, on 127.0.0.1. */
  readonly peers: readonly number[];
  readonly seed: number;
  /** How much of all datagrams is lost, and of the rest repeated, and delayed past others: from 0 to 1. */
  readonly share: number;
}

/** Peers see the service here, at its own port. */
export const SERVICE_SEEN_AT = '127.0.0.3';
/** The service sees the peers here, each at its own port. */
export const PEERS_SEEN_AT = '127.0.0.2';

const MAX_DELAY_MS = 80;

/** UDP between the service and its peers, which know each other only by the relay: it loses, repeats and reorders. */
export class LossyRelay {
  readonly counts = { passed: 0, lost: 0, repeated: 0, delayed: 0 };
  readonly #share: number;
  readonly #random: () => number;
  readonly #sockets: Socket[] = [];
  readonly #delayed = new Set<NodeJS.Timeout>();

  private constructor({ seed, share }: LossyRelayOptions) {
    this.#share = share;
    this.#random = seededRandom(seed);
  }

  static async open(options: LossyRelayOptions): Promise<LossyRelay> {
    const relay = new LossyRelay(options);
    const forService = await relay.#bind(SERVICE_SEEN_AT, options.service);
    const forPeers = new Map<number, Socket>();
    for (const port of options.peers) {
      const socket = await relay.#bind(PEERS_SEEN_AT, port);
      forPeers.set(port, socket);
      socket.on('message', (data) => relay.#pass(data, forService, port));
    }
    forService.on('message', (data, { port }) => {
      const socket = forPeers.get(port);
      if (socket !== undefined) relay.#pass(data, socket, options.service);
    });
    return relay;
  }

  close(): void {
    for (const timer of this.#delayed) clearTimeout(timer);
    for (const socket of this.#sockets) socket.close();
  }

  #pass(data: Buffer, from: Socket, port: number): void {
    if (this.#happens()) {
      this.counts.lost += 1;
      return;
    }
    this.#send(data, from, port);
    if (!this.#happens()) return;
    this.counts.repeated += 1;
    this.#send(data, from, port);
  }

  #send(data: Buffer, from: Socket, port: number): void {
    this.counts.passed += 1;
    if (!this.#happens()) {
      from.send(data, port, '127.0.0.1');
      return;
    }
    this.counts.delayed += 1;
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      from.send(data, port, '127.0.0.1');
    }, this.#random() * MAX_DELAY_MS);
    this.#delayed.add(timer);
  }

  #happens(): boolean {
    return this.#random() < this.#share;
  }

  async #bind(host: string, port: number): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    this.#sockets.push(socket);
    socket.bind(port, host);
    await once(socket, 'listening');
    return socket;
  }
}
