import type { IdSource } from '../shared/ids.ts';
import type { G711PayloadType } from './g711.ts';
import { advanceRtpPacket, buildRtpPacket, clearMarker } from './rtp-packet.ts';
import type { FrameLoop } from './tones.ts';
import { FRAME_SAMPLES } from './tones.ts';

interface RtpOrigin {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** Where a stream starts: all of it random (RFC 3550 section 5.1). */
export const randomRtpOrigin = (ids: IdSource): RtpOrigin => {
  const bytes = Buffer.from(ids.random(80), 'base64url');
  return { ssrc: bytes.readUInt32BE(0), timestamp: bytes.readUInt32BE(4), sequence: bytes.readUInt16BE(8) };
};

/** A loop of frames as an RTP stream: own SSRC, marker on the first packet, 160 timestamp units a frame. */
export class RtpStream {
  readonly #frames: FrameLoop;
  readonly #packet: Buffer;
  /** What the packet holds. */
  #payload: Uint8Array;
  #sequence: number;
  #timestamp: number;
  #index = 0;
  #state: 'new' | 'started' | 'running' = 'new';

  constructor(frames: FrameLoop, payloadType: G711PayloadType, ids: IdSource) {
    const origin = randomRtpOrigin(ids);
    this.#frames = frames;
    this.#sequence = origin.sequence;
    this.#timestamp = origin.timestamp;
    this.#payload = frames[0];
    this.#packet = buildRtpPacket({ ...origin, marker: true, payloadType, payload: frames[0] });
  }

  /** The packet that is due. Its bytes are written over by the next call. */
  next(): Buffer {
    if (this.#state === 'new') {
      this.#state = 'started';
    } else {
      if (this.#state === 'started') clearMarker(this.#packet);
      this.#state = 'running';
    }
    const payload = this.#frames[this.#index] ?? this.#frames[0];
    const sequence = this.#sequence;
    const timestamp = this.#timestamp;
    // A tone is mostly its pause, one frame over and over, which the packet holds already.
    if (payload === this.#payload) advanceRtpPacket(this.#packet, { sequence, timestamp });
    else advanceRtpPacket(this.#packet, { sequence, timestamp, payload });
    this.#payload = payload;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#moveOn(1);
    return this.#packet;
  }

  /** Passes over frames that could not be sent in time: time went on, the sequence did not. */
  skip(frames: number): void {
    if (this.#state !== 'new') this.#moveOn(frames);
  }

  #moveOn(frames: number): void {
    this.#index = (this.#index + frames) % this.#frames.length;
    this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
  }
}
