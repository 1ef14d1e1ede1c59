import type { Socket } from 'node:dgram';
import type { IdSource } from '../../shared/ids.ts';
import type { Recording } from '../analysis/recording.ts';
import { AudioSender, type SentAudio } from '../audio-sender.ts';
import type { RtpPeer } from '../rtp-endpoint.ts';
import { parseRtpPacket, type RtpPacket } from '../rtp-packet.ts';
import { DigitDetector } from '../telephone-event.ts';
import { isSendable, type MediaAddress } from '../udp-socket.ts';
import { Recorder } from './recorder.ts';
import { SourceLatch } from './source-latch.ts';

export interface HeardPortOptions {
  readonly socket: Socket;
  readonly ids: IdSource;
  /** Milliseconds of the thread's own clock. */
  readonly now: () => number;
  readonly onDigit: (digit: string) => void;
  readonly onAudio: () => void;
}

/** What offer and answer agreed on, and from which hosts its true place is learned. */
export interface HeardPeer extends RtpPeer {
  /** IP literals; none where it wants to hear nothing. */
  readonly learnsFrom?: readonly string[];
}

/** Five times what 10 ms packets need: a flood must not take the time of the other ports. */
const MOST_PACKETS_A_SECOND = 500;

/** The RTP port of one test phone, in the thread of all of them. */
export class HeardPort {
  readonly #options: HeardPortOptions;
  readonly #sender: AudioSender;
  readonly #recorder = new Recorder();
  readonly #digits = new DigitDetector();
  #peer: HeardPeer | undefined;
  #latch = new SourceLatch([]);
  #hasAudio = false;
  #second = 0;
  #packetsThisSecond = 0;

  constructor(options: HeardPortOptions) {
    this.#options = options;
    this.#sender = new AudioSender(options.ids);
    options.socket.on('message', (datagram, source) => this.#receive(datagram, source));
    // What the network says of a datagram of ours is no fault of the call.
    options.socket.on('error', () => undefined);
  }

  connect(peer: HeardPeer): void {
    this.#peer = peer;
    this.#latch = new SourceLatch(peer.learnsFrom ?? []);
  }

  answered(): void {
    this.#recorder.answered(this.#options.now());
  }

  send(audio: SentAudio, done: () => void): void {
    this.#sender.send(audio, done);
  }

  /** Sends the frame that is due. */
  tick(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const { packets, pcm } = this.#sender.next({
      payloadType: peer.payloadType,
      eventPayloadType: peer.telephoneEventPayloadType,
    });
    this.#recorder.sent(pcm, this.#options.now());
    const to = this.#latch.found ?? peer.to;
    if (to === undefined || !isSendable(to)) return;
    for (const packet of packets) this.#options.socket.send(packet, to.port, to.address);
  }

  /** Frames that could not be sent in time. */
  skip(frames: number): void {
    if (this.#peer === undefined) return;
    this.#sender.skip(frames);
    for (let frame = 0; frame < frames; frame += 1) this.#recorder.sent(NOTHING, this.#options.now());
  }

  /** Closes the port. @returns what was recorded; undefined where it was never answered */
  finish(): Recording | undefined {
    this.#options.socket.close();
    return this.#recorder.finish(this.#options.now());
  }

  #receive(datagram: Buffer, source: MediaAddress): void {
    const now = this.#options.now();
    const packet = this.#mayReceive(now) ? parseRtpPacket(datagram) : undefined;
    if (packet === undefined) return;
    this.#latch.hear(packet.ssrc, source);
    this.#recorder.heard(packet, now);
    if (packet.payloadType === this.#peer?.telephoneEventPayloadType) this.#takeDigit(packet);
    else if (!this.#hasAudio && (packet.payloadType === 0 || packet.payloadType === 8)) {
      this.#hasAudio = true;
      this.#options.onAudio();
    }
  }

  #takeDigit(packet: RtpPacket): void {
    const digit = this.#digits.accept(packet);
    if (digit !== undefined) this.#options.onDigit(digit);
  }

  #mayReceive(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#packetsThisSecond = 0;
    }
    this.#packetsThisSecond += 1;
    return this.#packetsThisSecond <= MOST_PACKETS_A_SECOND;
  }
}

const NOTHING = new Int16Array(160);
