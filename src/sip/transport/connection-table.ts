import { networkOf } from './network-of.ts';
import type { Standing, TcpConnection } from './tcp-connection.ts';

/** How the whole of the connections is shared. */
export interface ConnectionShares {
  readonly all: number;
  /** Of those of strangers. */
  readonly strangers: number;
  readonly strangersOfAddress: number;
  /** Kept free of accepted ones, for those that we make. */
  readonly reserve: number;
}

/** A quarter for strangers, an eighth for those that we make. */
export const shareConnections = (all: number, strangersOfAddress: number): ConnectionShares => {
  const strangers = Math.max(1, Math.floor(all / 4));
  const reserve = Math.max(1, Math.floor(all / 8));
  return { all, strangers, strangersOfAddress: Math.min(strangersOfAddress, strangers), reserve };
};

/** Which share is used up: what the log calls it. */
export type ConnectionLimit = 'connections of an address' | 'connections of all strangers' | 'connections';

const keyOf = (address: string, port: number): string => `${address} ${port}`;

const oldest = (group: ReadonlySet<TcpConnection> | undefined): TcpConnection | undefined =>
  group?.values().next().value;

/**
 * All TCP connections, by the address and port of the peer, and who has to make room: a stranger that was not heard of for
 * the longest time, never a phone that registered or a peer that we called. Groups are in the order of last use.
 */
export class ConnectionTable {
  readonly #shares: ConnectionShares;
  readonly #byPeer = new Map<string, TcpConnection>();
  readonly #groups: Record<Standing, Set<TcpConnection>> = { stranger: new Set(), known: new Set(), own: new Set() };
  readonly #strangersOf = new Map<string, Set<TcpConnection>>();

  constructor(shares: ConnectionShares) {
    this.#shares = shares;
  }

  get size(): number {
    return this.#groups.stranger.size + this.#groups.known.size + this.#groups.own.size;
  }

  get(address: string, port: number): TcpConnection | undefined {
    return this.#byPeer.get(keyOf(address, port));
  }

  values(): TcpConnection[] {
    return Object.values(this.#groups).flatMap((group) => [...group]);
  }

  add(connection: TcpConnection): void {
    const { address, port } = connection.remote;
    this.#byPeer.set(keyOf(address, port), connection);
    this.#groups[connection.standing].add(connection);
    if (connection.standing !== 'stranger') return;
    const network = networkOf(address);
    const ofAddress = this.#strangersOf.get(network);
    if (ofAddress === undefined) this.#strangersOf.set(network, new Set([connection]));
    else ofAddress.add(connection);
  }

  remove(connection: TcpConnection): void {
    const { address, port } = connection.remote;
    const key = keyOf(address, port);
    if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
    this.#groups[connection.standing].delete(connection);
    if (connection.standing !== 'stranger') return;
    const network = networkOf(address);
    const ofAddress = this.#strangersOf.get(network);
    ofAddress?.delete(connection);
    if (ofAddress?.size === 0) this.#strangersOf.delete(network);
  }

  /** A message came or went over it: it is the last of its group to go. */
  use(connection: TcpConnection): void {
    if (this.get(connection.remote.address, connection.remote.port) !== connection) return;
    this.remove(connection);
    this.add(connection);
  }

  /** The peer is no stranger any more. */
  know(connection: TcpConnection): void {
    if (connection.standing !== 'stranger') return;
    this.remove(connection);
    connection.standing = 'known';
    this.add(connection);
  }

  /**
   * What stands in the way of one more connection of that address that is being accepted, and what to close for it.
   * @returns undefined where there is room
   */
  fullFor(
    address: string,
  ): { readonly limit: ConnectionLimit; readonly yields: TcpConnection | undefined } | undefined {
    const { all, strangers, strangersOfAddress, reserve } = this.#shares;
    const ofAddress = this.#strangersOf.get(networkOf(address));
    if (ofAddress !== undefined && ofAddress.size >= strangersOfAddress) {
      return { limit: 'connections of an address', yields: oldest(ofAddress) };
    }
    const { stranger, known } = this.#groups;
    if (stranger.size >= strangers) return { limit: 'connections of all strangers', yields: oldest(stranger) };
    const isFull = this.size >= all || stranger.size + known.size >= all - reserve;
    return isFull ? { limit: 'connections', yields: oldest(stranger) } : undefined;
  }

  /** The same for one that we make: beyond its reserve it takes from strangers, then from what we made first. */
  fullForOwn(): { readonly yields: TcpConnection | undefined } | undefined {
    if (this.size < this.#shares.all) return undefined;
    const { stranger, own } = this.#groups;
    return { yields: oldest(stranger) ?? [...own].find((connection) => connection.isQuiet) };
  }
}
