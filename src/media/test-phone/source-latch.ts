import type { MediaAddress } from '../udp-socket.ts';

/** So many packets of one stream from one place: a single stray one moves nothing. */
const ENOUGH_PACKETS = 5;

/**
 * Finds where a far end behind NAT truly is (symmetric RTP, RFC 4961): where its audio comes from. Only its own hosts are
 * believed, for anybody else could take the audio with it; and what was once found is held until the far end is described
 * anew.
 */
export class SourceLatch {
  readonly #hosts: ReadonlySet<string>;
  #found: MediaAddress | undefined;
  #candidate = '';
  #packets = 0;

  constructor(hosts: readonly string[]) {
    this.#hosts = new Set(hosts);
  }

  /** Where it is; undefined while that is not known. */
  get found(): MediaAddress | undefined {
    return this.#found;
  }

  /** A packet came. */
  hear(ssrc: number, { address, port }: MediaAddress): void {
    if (this.#found !== undefined || !this.#hosts.has(address)) return;
    const candidate = `${ssrc} ${address} ${port}`;
    this.#packets = candidate === this.#candidate ? this.#packets + 1 : 1;
    this.#candidate = candidate;
    if (this.#packets >= ENOUGH_PACKETS) this.#found = { address, port };
  }
}
