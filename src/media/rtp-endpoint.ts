import type { RemoteInfo, Socket } from 'node:dgram';
import type { MonotonicClock } from '../shared/clock.ts';
import { TypedEmitter } from '../shared/events.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { AudioSender, type SentAudio } from './audio-sender.ts';
import { EchoStream } from './echo-stream.ts';
import { FrameTicker } from './frame-ticker.ts';
import type { G711PayloadType } from './g711.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { parseRtpPacket } from './rtp-packet.ts';
import { RtpStream } from './rtp-stream.ts';
import { DigitDetector } from './telephone-event.ts';
import type { FrameLoop, ToneName, TonePlan } from './tones.ts';
import { silenceFrames, toneFrames } from './tones.ts';
import type { MediaAddress, MediaBinding } from './udp-socket.ts';
import { bindUdpSocket, isSendable } from './udp-socket.ts';

/** What an endpoint sends: a tone, silence, what it hears, or nothing. */
export type RtpSource = ToneName | 'silence' | 'echo' | 'none';

export interface RtpEndpointOptions extends MediaBinding {
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** `none` by default. */
  readonly send?: RtpSource;
  /** `us` by default. */
  readonly tonePlan?: TonePlan;
  /** Of so many packets one is left out, as a network loses them; absent: none. */
  readonly leavesOutOneOf?: number;
}

/** What offer and answer agreed on. */
export interface RtpPeer {
  /** As the SDP of the peer says. Left out, media goes where the latest came from (symmetric RTP, RFC 4961). */
  readonly to?: MediaAddress;
  /** In which tones and silence are sent. */
  readonly payloadType: G711PayloadType;
  /** Without it no digit is heard. */
  readonly telephoneEventPayloadType?: number;
}

export interface RtpStats {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Of payload (RFC 3550 section 6.4.1). */
  readonly bytesReceived: number;
  /** Datagrams that were not RTP. */
  readonly packetsDiscarded: number;
  /** Where the latest packet came from. */
  readonly source: MediaAddress | undefined;
}

export interface RtpEndpointEvents {
  /** One of 0-9, *, #, A-D; once a key press (RFC 4733). */
  digit: [digit: string];
}

/** A port of its own for a stream that must be heard: counts it, finds its digits, echoes it or sends a tone. */
export class RtpEndpoint extends TypedEmitter<RtpEndpointEvents> {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #clock: MonotonicClock;
  readonly #ids: IdSource;
  readonly #tonePlan: TonePlan;
  readonly #ticker: FrameTicker;
  readonly #echo: EchoStream;
  readonly #digits = new DigitDetector();
  readonly #leavesOutOneOf: number;
  #speaker: AudioSender | undefined;
  readonly #count = { packetsSent: 0, packetsReceived: 0, bytesReceived: 0, packetsDiscarded: 0 };
  #send: RtpSource;
  #peer: RtpPeer | undefined;
  #stream: RtpStream | undefined;
  #source: MediaAddress | undefined;
  #closed: Promise<void> | undefined;

  private constructor(socket: Socket, options: RtpEndpointOptions) {
    super();
    const { address, port } = socket.address();
    this.address = address;
    this.port = port;
    this.#socket = socket;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#tonePlan = options.tonePlan ?? 'us';
    this.#send = options.send ?? 'none';
    this.#leavesOutOneOf = options.leavesOutOneOf ?? Infinity;
    this.#echo = new EchoStream(this.#clock, this.#ids);
    this.#ticker = new FrameTicker({
      clock: options.clock,
      onFrame: () => this.#sendFrame(),
      onSkip: (frames) => (this.#speaker ?? this.#stream)?.skip(frames),
    });
    socket.on('message', (datagram, from) => this.#receive(datagram, from));
    socket.on('error', (error) => options.log.warn({ err: error }, 'RTP endpoint failed'));
  }

  /**
   * Binds the port and opens it.
   * @throws NoMediaPortError when nothing can be bound
   */
  static async open(options: RtpEndpointOptions): Promise<RtpEndpoint> {
    return new RtpEndpoint(await bindUdpSocket(options), options);
  }

  /** Nothing is sent before it. Every new answer may call it again. */
  connect(peer: RtpPeer): void {
    this.#peer = peer;
    this.#restart();
  }

  /** Sends something else from now on. */
  send(source: RtpSource): void {
    this.#send = source;
    this.#restart();
  }

  /** Says something, and is silent afterwards. Resolves when it was said, or cut off by what is said next. */
  say(audio: SentAudio): Promise<void> {
    const speaker = (this.#speaker ??= new AudioSender(this.#ids));
    this.#restart();
    return new Promise((resolve) => speaker.send(audio, resolve));
  }

  stats(): RtpStats {
    return { ...this.#count, source: this.#source };
  }

  /** Frees the port; no event comes after it. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#ticker.stop();
      this.#socket.close(resolve);
    });
    return this.#closed;
  }

  #restart(): void {
    // What speaks goes on in its own time: a frame that is due when something else is said must not be late for ever.
    if (this.#speaker === undefined) this.#ticker.stop();
    if (this.#closed !== undefined || this.#peer === undefined) return;
    if (this.#speaker === undefined) {
      const loop = this.#loop();
      if (loop === undefined) return;
      this.#stream = new RtpStream(loop, this.#peer.payloadType, this.#ids);
    }
    this.#ticker.start();
  }

  #sendFrame(): void {
    if (this.#speaker === undefined || this.#peer === undefined) {
      this.#transmit(this.#stream?.next());
      return;
    }
    const { payloadType, telephoneEventPayloadType: eventPayloadType } = this.#peer;
    for (const packet of this.#speaker.next({ payloadType, eventPayloadType }).packets) this.#transmit(packet);
  }

  #loop(): FrameLoop | undefined {
    if (this.#peer === undefined) return undefined;
    const { payloadType } = this.#peer;
    if (this.#send === 'none' || this.#send === 'echo') return undefined;
    if (this.#send === 'silence') return silenceFrames(payloadType);
    return toneFrames(this.#tonePlan, this.#send, payloadType);
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const packet = parseRtpPacket(datagram);
    if (packet === undefined) {
      this.#count.packetsDiscarded += 1;
      return;
    }
    this.#count.packetsReceived += 1;
    this.#count.bytesReceived += packet.payload.length;
    this.#source = { address, port };
    if (this.#send === 'echo' && this.#peer !== undefined) this.#transmit(this.#echo.echo(packet));
    this.#detectDigit(packet);
  }

  #detectDigit(packet: RtpPacket): void {
    if (packet.payloadType !== this.#peer?.telephoneEventPayloadType) return;
    const digit = this.#digits.accept(packet);
    if (digit !== undefined) this.emit('digit', digit);
  }

  #transmit(packet: Buffer | undefined): void {
    const to = this.#peer?.to ?? this.#source;
    if (packet === undefined || to === undefined || !isSendable(to)) return;
    this.#count.packetsSent += 1;
    if (this.#count.packetsSent % this.#leavesOutOneOf === 0) return;
    this.#socket.send(packet, to.port, to.address);
  }
}
