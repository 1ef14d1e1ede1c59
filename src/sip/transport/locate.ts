import { isIP } from 'node:net';
import type { MonotonicClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { SipParseError } from '../message/errors.ts';
import { parseUri, type SipUri } from '../message/uri.ts';
import { LocateError } from './errors.ts';
import { orderServices } from './order-services.ts';
import type { Resolver, ServiceRecord } from './resolver.ts';
import type { Hop, TransportProtocol } from './transport.ts';

interface LocatorOptions {
  readonly resolver: Resolver;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  /** For all questions about one URI together; 5 s by default. */
  readonly timeoutMs?: number;
}

const DEFAULT_PORT = 5060;
const DEFAULT_TIMEOUT_MS = 5000;
/** What a hostile zone can make us try, at the most. */
const MAX_HOPS = 10;

/** A URI as RFC 3263 section 4 looks at it. */
interface Target {
  readonly host: string;
  readonly port: number | undefined;
  /** Undefined where the URI leaves it open. */
  readonly protocol: TransportProtocol | undefined;
}

const readUri = (uri: string): SipUri => {
  try {
    const parsed = parseUri(uri);
    if (parsed.scheme === 'sip') return parsed;
  } catch (error) {
    if (!(error instanceof SipParseError)) throw error;
    throw new LocateError('The URI is malformed', { cause: error });
  }
  throw new LocateError('Only sip URIs can be reached');
};

const readProtocol = (parameter: string | undefined): TransportProtocol | undefined => {
  const protocol = parameter?.toLowerCase();
  if (protocol === undefined || protocol === 'udp' || protocol === 'tcp') return protocol;
  throw new LocateError('The URI asks for a transport that is not spoken here');
};

const readTarget = (uri: string): Target => {
  const { host, port, params } = readUri(uri);
  const name = params.get('maddr') ?? host;
  return {
    host: name.startsWith('[') ? name.slice(1, -1) : name,
    port,
    protocol: readProtocol(params.get('transport')),
  };
};

const literalHop = ({ host, port, protocol }: Target): Hop | undefined =>
  isIP(host) === 0 ? undefined : { protocol: protocol ?? 'udp', address: host, port: port ?? DEFAULT_PORT };

/**
 * Where a request for that URI goes if it names an IP address: no question to the DNS; undefined if it has a host name.
 * @throws LocateError where the URI cannot be reached at all
 */
export const locateLiteral = (uri: string): Hop | undefined => literalHop(readTarget(uri));

/**
 * Finds servers by RFC 3263. An explicit port leads to A and AAAA, no port to SRV for the transport that the URI names
 * or for UDP, then TCP, and to A and AAAA if there is none. NAPTR (section 4.1) is left out: zones that have it have SRV
 * as well, and with two transports there is next to nothing to choose. TLS is not located, as it is not spoken.
 */
export class Locator {
  readonly #options: LocatorOptions;

  constructor(options: LocatorOptions) {
    this.#options = options;
  }

  /**
   * The hops to try, in order; at least one.
   * @throws LocateError where nothing is found, or not in time
   */
  async locate(uri: string): Promise<readonly Hop[]> {
    const target = readTarget(uri);
    const literal = literalHop(target);
    if (literal !== undefined) return [literal];
    const hops = await this.#inTime(this.#resolve(target));
    if (hops.length === 0) throw new LocateError(`No server was found for ${target.host}`);
    return hops.slice(0, MAX_HOPS);
  }

  /**
   * Finds where requests for a URI may go, the best first; none where that fails, which is logged. For an IP literal
   * `use` is called within this call, so that an ACK leaves in the turn of its 2xx.
   */
  find(uri: string, use: (hops: readonly Hop[]) => void): void {
    const literal = this.#findLiteral(uri);
    if (literal !== undefined) use(literal);
    else
      void this.locate(uri)
        .catch((error: unknown) => this.#notFound(error))
        .then(use);
  }

  /** @returns undefined where the URI has a host name */
  #findLiteral(uri: string): readonly Hop[] | undefined {
    try {
      const hop = locateLiteral(uri);
      return hop && [hop];
    } catch (error) {
      if (error instanceof LocateError) return this.#notFound(error);
      throw error;
    }
  }

  #notFound(error: unknown): readonly Hop[] {
    this.#options.log.warn({ err: error }, 'The next hop of a request was not found');
    return [];
  }

  async #resolve({ host, port, protocol }: Target): Promise<readonly Hop[]> {
    if (port !== undefined) return this.#addresses(host, port, protocol ?? 'udp');
    const protocols: TransportProtocol[] = protocol === undefined ? ['udp', 'tcp'] : [protocol];
    const found = await Promise.all(protocols.map((candidate) => this.#services(host, candidate)));
    if (found.every((hops) => hops === undefined)) return this.#addresses(host, DEFAULT_PORT, protocol ?? 'udp');
    return found.flatMap((hops) => hops ?? []);
  }

  /** @returns undefined where the zone says nothing of that service */
  async #services(host: string, protocol: TransportProtocol): Promise<readonly Hop[] | undefined> {
    const records = await this.#options.resolver.services(`_sip._${protocol}.${host}`);
    if (records.length === 0) return undefined;
    // RFC 2782: a lone dot says that the service is not offered.
    const offered = records.filter(({ name }) => name !== '' && name !== '.');
    const ordered = orderServices(offered, this.#options.ids).slice(0, MAX_HOPS);
    const hops = await Promise.all(
      ordered.map(({ name, port }: ServiceRecord) => this.#addresses(name, port, protocol)),
    );
    return hops.flat();
  }

  async #addresses(host: string, port: number, protocol: TransportProtocol): Promise<readonly Hop[]> {
    const addresses = await this.#options.resolver.addresses(host);
    return addresses.map((address) => ({ protocol, address, port }));
  }

  #inTime(question: Promise<readonly Hop[]>): Promise<readonly Hop[]> {
    const { clock, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(timeoutMs, () => reject(new LocateError('The name server did not answer in time')));
      question
        .then(resolve, (cause: unknown) => reject(new LocateError('The name server could not be asked', { cause })))
        .finally(() => timer.cancel());
    });
  }
}
