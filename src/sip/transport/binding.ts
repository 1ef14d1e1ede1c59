import { networkInterfaces } from 'node:os';
import type { LocalAddress, TransportProtocol } from './transport.ts';

type Family = 'ipv4' | 'ipv6';

const wildcards = new Set(['0.0.0.0', '::']);
const loopbackOf = { ipv4: '127.0.0.1', ipv6: '::1' };

// Called for every message, with IP literals only: `isIPv6` and `BlockList` were 7 % of the profile of a transaction.
const familyOf = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4');
const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The first address of this machine that others can reach; the loopback address where it has no network. */
const outwardAddress = (family: Family): string => {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const outward = addresses.find((entry) => !entry.internal && familyOf(entry.address) === family);
  return outward?.address ?? loopbackOf[family];
};

interface BindingOptions {
  readonly protocol: TransportProtocol;
  /** As bound: an IP address, maybe a wildcard. */
  readonly host: string;
  readonly port: number;
  readonly advertise: string | undefined;
}

/**
 * A listener that stands, and how peers see it: by the advertised host, else by the address that it is bound to. For a
 * wildcard that is the loopback address towards this machine and its first address, as of the start, towards all
 * others: with several networks, bind to one address each or advertise one.
 */
export class Binding {
  readonly bound: LocalAddress;
  readonly #family: Family;
  readonly #near: LocalAddress;
  readonly #far: LocalAddress;

  constructor({ protocol, host, port, advertise }: BindingOptions) {
    this.#family = familyOf(host);
    const seenAs = (address: string): LocalAddress => ({ protocol, host: advertise ?? bracketed(address), port });
    this.bound = { protocol, host: bracketed(host), port };
    this.#near = seenAs(wildcards.has(host) ? loopbackOf[this.#family] : host);
    this.#far = seenAs(wildcards.has(host) ? outwardAddress(this.#family) : host);
  }

  serves(protocol: TransportProtocol, address: string): boolean {
    return this.bound.protocol === protocol && this.#family === familyOf(address);
  }

  /** The listener as the peer at that address sees it: the same object each time. */
  seenBy(address: string): LocalAddress {
    return isLoopback(address) ? this.#near : this.#far;
  }

  isSeenAs({ protocol, host, port }: LocalAddress, by: string): boolean {
    const seen = this.seenBy(by);
    return seen.protocol === protocol && seen.host === host && seen.port === port;
  }
}
