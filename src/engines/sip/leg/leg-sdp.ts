import { addressType, withOriginLine } from '../../../sip/sdp/origin.ts';

interface Stamped {
  readonly text: string;
  readonly version: number;
}

const NOTHING: Stamped = { text: '', version: 0 };

/** The session ids of our `o=` lines: each is given to one leg alone. */
export class SessionIds {
  #last: number;

  /** @param last the newest id that may have been given out before */
  constructor(last: number) {
    this.#last = last;
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/**
 * The SDP that one leg is sent. Its `o=` line is ours and stays the same for the leg's life; its version grows by one
 * only when the rest changes (RFC 3264 section 8), be the rest ours or the other leg's.
 */
export class LegSdp {
  readonly #sessionId: number;
  readonly #address: string;
  #newestVersion = 0;
  #sent = NOTHING;
  /** What is in force while an answer to `#sent` is awaited. */
  #before = NOTHING;

  /** @param options.address an IP literal, without brackets */
  constructor({ sessionId, address }: { readonly sessionId: number; readonly address: string }) {
    this.#sessionId = sessionId;
    this.#address = address;
  }

  /** What the leg was sent last and did not refuse. */
  get sent(): string {
    return this.#sent.text;
  }

  /** What the leg has agreed to: while an answer is awaited, what it had before. */
  get inForce(): string {
    return this.#before === NOTHING ? this.#sent.text : this.#before.text;
  }

  /**
   * Whether it is what was sent last, under this origin or another.
   * @throws SdpError where it has no `o=` line
   */
  isSent(sdp: string): boolean {
    return this.#withVersion(sdp, this.#sent.version) === this.#sent.text;
  }

  /**
   * The same description under the leg's own origin.
   * @throws SdpError where it has no `o=` line that could be replaced
   */
  stamp(sdp: string): string {
    if (this.#sent !== NOTHING && this.isSent(sdp)) return this.sent;
    this.#newestVersion += 1;
    const version = this.#newestVersion;
    const stamped = { text: this.#withVersion(sdp, version), version };
    this.#before = this.#sent;
    this.#sent = stamped;
    return stamped.text;
  }

  /** The leg took what was stamped last. */
  settle(): void {
    this.#before = NOTHING;
  }

  /** The leg refused what was stamped last: what it had before stays in force (RFC 3261 section 14.1). */
  takeBack(): void {
    this.#sent = this.#before;
  }

  #withVersion(sdp: string, version: number): string {
    const address = this.#address;
    return withOriginLine(sdp, `o=offhook ${this.#sessionId} ${version} IN ${addressType(address)} ${address}`);
  }
}
