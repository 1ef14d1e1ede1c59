import { BlockList, isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { bracketless, isLoopbackHost } from '../../../shared/loopback.ts';
import { InvalidWebhookError } from '../errors.ts';
import { isRefusedPort } from './refused-ports.ts';

/** `private`: of the networks that the settings allow besides, where plain HTTP may be spoken too. */
export type AddressClass = 'public' | 'private' | 'refused';

const MAX_LENGTH = 2048;
/** RFC 4291 section 2.4 and IANA: what is assigned to hosts of the internet. What is outside was never theirs. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');
/** Reached from any machine of Azure, and its metadata: a public address by its looks. */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16']);

/** Which addresses a webhook may lead to: those of the internet, and the networks that the operator allows. */
export class AddressGuard {
  readonly #allowed = new BlockList();
  readonly #allows: 'nothing private' | 'some networks';

  /** @param allowPrivate - networks, such as 10.20.0.0/16, or addresses */
  constructor(allowPrivate: readonly string[] = []) {
    this.#allows = allowPrivate.length === 0 ? 'nothing private' : 'some networks';
    for (const network of allowPrivate) {
      const [address = '', bits] = network.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#allowed.addAddress(address, family);
      else this.#allowed.addSubnet(address, Number(bits), family);
    }
  }

  /** @param address - of a connection; whatever is no plain address is refused */
  classify(address: string): AddressClass {
    const family = isIP(address);
    // A zone (`fe80::1%eth0`) says that an address is of a link.
    if (family === 0 || address.includes('%')) return 'refused';
    // Mapped addresses lead to what is written in them: as such they are never allowed.
    const parsed = ipaddr.parse(address);
    const isMapped = parsed.kind() === 'ipv6' && (parsed as ipaddr.IPv6).isIPv4MappedAddress();
    if (!isMapped && this.#allowed.check(address, family === 6 ? 'ipv6' : 'ipv4')) return 'private';
    return isOfInternet(parsed) ? 'public' : 'refused';
  }

  /**
   * The address of a receiver, as far as it can be told without a question to DNS.
   * @throws InvalidWebhookError where it is none that a webhook may have
   */
  check(text: string): URL {
    const url = parse(text);
    if (url.username !== '' || url.password !== '')
      throw refused('has a name or password: they would be in every log.');
    if (url.hash !== '') throw refused('has a fragment, which is never sent.');
    if (isRefusedPort(portOf(url)))
      throw refused(`has the port ${portOf(url)}, at which something else than HTTP listens.`);
    this.#checkHost(url);
    return url;
  }

  #checkHost(url: URL): void {
    const host = bracketless(url.hostname);
    const found = this.#classifyHost(host);
    if (found === 'refused')
      throw refused('leads to an address that is not of the internet, and webhooks.allow_private does not allow.');
    if (url.protocol === 'https:') return;
    if (this.#allows === 'nothing private' || found === 'public') {
      throw refused('must begin with https:// (http:// is for the networks of webhooks.allow_private).');
    }
  }

  /** @returns undefined for a name that only DNS can tell */
  #classifyHost(host: string): AddressClass | undefined {
    if (isIP(host) !== 0) return this.classify(host);
    const isLocal = isLoopbackHost(host.replace(/\.$/, ''));
    return isLocal && this.classify('127.0.0.1') === 'refused' && this.classify('::1') === 'refused'
      ? 'refused'
      : undefined;
  }
}

/** Decimal, octal, hexadecimal and short forms of an address are one after this: the parser of URLs reads them as browsers do. */
const parse = (text: string): URL => {
  if (text.length > MAX_LENGTH) throw refused(`is longer than ${MAX_LENGTH} characters.`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw refused('is no address that begins with https://.');
  return url;
};

export const portOf = (url: URL): number => Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);

const refused = (why: string): InvalidWebhookError => new InvalidWebhookError('url', why);

const isOfInternet = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean => {
  if (address.range() !== 'unicast' || METADATA.has(address.toString())) return false;
  return address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST);
};
