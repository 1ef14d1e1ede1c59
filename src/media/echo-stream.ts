import type { MonotonicClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { RtpPacket } from './rtp-packet.ts';
import { buildRtpPacket } from './rtp-packet.ts';
import { randomRtpOrigin } from './rtp-stream.ts';

/** Twice what 10 ms packets need. Two echoes that face each other would else turn one packet into a storm. */
const MAX_PACKETS_A_SECOND = 200;

/** What was received, as a stream of our own: gaps, order and timing of the original are kept (RFC 3550 section 7.1). */
export class EchoStream {
  readonly #clock: MonotonicClock;
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #original: RtpPacket | undefined;
  #second = 0;
  #packetsThisSecond = 0;

  constructor(clock: MonotonicClock, ids: IdSource) {
    const origin = randomRtpOrigin(ids);
    this.#clock = clock;
    this.#ssrc = origin.ssrc;
    this.#sequence = origin.sequence;
    this.#timestamp = origin.timestamp;
  }

  /** @returns undefined when more comes in than a phone sends */
  echo(packet: RtpPacket): Buffer | undefined {
    if (!this.#mayReply()) return undefined;
    this.#follow(packet);
    return buildRtpPacket({ ...packet, ssrc: this.#ssrc, sequence: this.#sequence, timestamp: this.#timestamp });
  }

  /** Moves as far as the original moved; another source goes on where the last one stopped. */
  #follow(packet: RtpPacket): void {
    const last = this.#original;
    const isSameSource = last?.ssrc === packet.ssrc;
    this.#sequence += isSameSource ? packet.sequence - last.sequence : 1;
    this.#timestamp += isSameSource ? packet.timestamp - last.timestamp : packet.payload.length;
    this.#original = packet;
  }

  #mayReply(): boolean {
    const second = Math.floor(this.#clock.elapsed() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#packetsThisSecond = 0;
    }
    this.#packetsThisSecond += 1;
    return this.#packetsThisSecond <= MAX_PACKETS_A_SECOND;
  }
}
