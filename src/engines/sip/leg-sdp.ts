import { withOrigin } from '../../sip/sdp/origin.ts';

/**
 * The SDP that one leg is sent. Its `o=` line is ours and stays the same for the leg's life; its version grows by one
 * only when the rest changes (RFC 3264 section 8), whoever wrote the rest.
 */
export class LegSdp {
  readonly #sessionId: number;
  readonly #address: string;
  #version = 0;
  #sent = '';

  constructor({ sessionId, address }: { readonly sessionId: number; readonly address: string }) {
    this.#sessionId = sessionId;
    this.#address = address;
  }

  /** What the leg was sent last. */
  get sent(): string {
    return this.#sent;
  }

  /** The same description under the leg's own origin. */
  stamp(sdp: string): string {
    const unchanged = this.#withVersion(sdp, this.#version);
    if (unchanged === this.#sent) return this.#sent;
    this.#version += 1;
    this.#sent = this.#withVersion(sdp, this.#version);
    return this.#sent;
  }

  #withVersion(sdp: string, version: number): string {
    return withOrigin(sdp, { username: 'offhook', sessionId: this.#sessionId, version, address: this.#address });
  }
}
