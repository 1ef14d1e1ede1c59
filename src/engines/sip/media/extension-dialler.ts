import type { RtpEndpoint } from '../../../media/rtp-endpoint.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import { restrictCodecs } from '../../../sip/sdp/restrict-codecs.ts';
import type { RemoteOffer } from '../../../sip/user-agent.ts';
import type { Leg } from '../leg/leg.ts';
import { peerOf, PortSdp } from './port-sdp.ts';

/** A port of its own, which speaks for the caller until the digits are dialled. */
export type DigitPort = Pick<RtpEndpoint, 'port' | 'connect' | 'say' | 'close'>;

/** Opens such ports. */
export interface DigitPorts {
  /**
   * A port that is free.
   * @throws NoMediaPortError when nothing can be bound
   */
  open(): Promise<DigitPort>;
}

interface ExtensionDiallerOptions {
  readonly port: DigitPort;
  /** The address in our SDP. */
  readonly address: string;
  readonly clock: MonotonicClock;
}

/** What an exchange needs before it hears, and what a comma stands for on every telephone. */
const PAUSE_MS = 2000;

/** It sends alone: where the destination's audio comes from is nothing to it. */
const NO_HOSTS: readonly string[] = [];

const codecs = ['PCMU', 'PCMA'] as const;

const takes = (sdp: string, codec: (typeof codecs)[number]): boolean => {
  try {
    restrictCodecs(sdp, [codec]);
    return true;
  } catch {
    return false;
  }
};

/**
 * Dials an extension once the destination has answered (RFC 4733). Until then our own port stands for the caller, so that
 * the two are joined by the ordinary way afterwards. The digits are held here alone.
 */
export class ExtensionDialler {
  readonly #options: ExtensionDiallerOptions;
  readonly #sdp: PortSdp;
  #timer: Timer | undefined;
  #state: 'open' | 'closed' = 'open';
  #goOn: () => void = () => undefined;

  constructor(options: ExtensionDiallerOptions) {
    this.#options = options;
    this.#sdp = new PortSdp({ address: options.address, port: options.port.port });
  }

  /** What the destination is offered: what the caller speaks too, at our port. */
  offerFor(caller: string): string {
    const spoken = codecs.filter((codec) => takes(caller, codec));
    return spoken.length === 0 ? this.#sdp.offer : restrictCodecs(this.#sdp.offer, [...spoken, 'telephone-event']);
  }

  /**
   * Waits, and dials; each comma is a pause of its own.
   * @returns `not-taken` where the destination takes no telephone events. Resolves at once when it is closed
   */
  async dial(answer: string, digits: string): Promise<'dialled' | 'not-taken'> {
    const peer = peerOf(answer, NO_HOSTS);
    if (peer?.telephoneEventPayloadType === undefined) return 'not-taken';
    this.#options.port.connect(peer);
    for (const part of digits.split(',')) {
      await this.#pause();
      if (part !== '' && this.#state === 'open') await this.#say(part);
    }
    return 'dialled';
  }

  /** The destination changes its media while it is dialled to: what it was shown stands. */
  take(offer: RemoteOffer, from: Leg): void {
    if (offer.sdp !== undefined) {
      const peer = peerOf(offer.sdp, NO_HOSTS);
      from.remote = offer.sdp;
      if (peer !== undefined) this.#options.port.connect(peer);
    }
    offer.accept(from.sdp.inForce);
  }

  /** Nothing more is dialled. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#goOn();
    void this.#options.port.close();
  }

  #pause(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#timer = this.#options.clock.setTimer(PAUSE_MS, resolve);
    });
  }

  #say(digits: string): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve;
      void this.#options.port.say({ kind: 'digits', digits }).then(resolve);
    });
  }
}
