import type { IdSource } from '../shared/ids.ts';
import { encodeG711, type G711PayloadType } from './g711.ts';
import { Probe } from './probe.ts';
import { buildRtpPacket } from './rtp-packet.ts';
import { randomRtpOrigin } from './rtp-stream.ts';
import { DIGITS } from './telephone-event.ts';
import { FRAME_MS, FRAME_SAMPLES, PEAK_AT_0_DBM0, SAMPLE_RATE } from './tones.ts';

/** What a test phone sends. The stream never pauses: what is not said here is silence. */
export type SentAudio =
  | { readonly kind: 'silence' }
  /** A noise of its own, by which an echo is found. Goes on until something else is sent. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'tone'; readonly hz: number; readonly ms: number }
  /** Linear PCM of 16 bits, 8000 samples a second. */
  | { readonly kind: 'pcm'; readonly pcm: Int16Array }
  /** Telephone events (RFC 4733). Where the peer takes none, nothing is sent in their time. */
  | { readonly kind: 'digits'; readonly digits: string };

export interface SentFormat {
  readonly payloadType: G711PayloadType;
  readonly eventPayloadType: number | undefined;
}

/** A key is pressed for so long, and let go for so long: what every exchange understands (ITU-T Q.24 asks for 40 and 40). */
const KEY_MS = 160;
const PAUSE_MS = 100;
const KEY_FRAMES = KEY_MS / FRAME_MS;
const PAUSE_FRAMES = PAUSE_MS / FRAME_MS;
/** RFC 4733 section 2.5.1.4: the last packet of an event is sent three times. */
const END_PACKETS = 3;
const END_FLAG = 0x80;
/** -10 dBm0, RFC 4733 section 2.3.2. */
const VOLUME = 10;
const TONE_PEAK = PEAK_AT_0_DBM0 * 10 ** (-10 / 20);

const SILENCE = new Int16Array(FRAME_SAMPLES);

/** What is being sent, and how far it is. */
interface Sending {
  readonly audio: SentAudio;
  frame: number;
  readonly done: () => void;
}

/** What leaves in one frame. */
export interface SentFrame {
  readonly packets: readonly Buffer[];
  /** What is heard of it; silence while a key is pressed. */
  readonly pcm: Int16Array;
}

/** One RTP stream: audio and telephone events on one line of timestamps (RFC 4733 section 2.1). */
export class AudioSender {
  readonly #ssrc: number;
  readonly #probe: Probe;
  #sequence: number;
  #timestamp: number;
  #isFirst = true;
  #sending: Sending = { audio: { kind: 'silence' }, frame: 0, done: () => undefined };

  constructor(ids: IdSource) {
    const { ssrc, sequence, timestamp } = randomRtpOrigin(ids);
    this.#ssrc = ssrc;
    // As random as the SSRC, and another one for each sender.
    this.#probe = new Probe(ssrc);
    this.#sequence = sequence;
    this.#timestamp = timestamp;
  }

  /** @param done - called once: when it was sent, or is cut off; at once for what goes on */
  send(audio: SentAudio, done: () => void): void {
    const before = this.#sending;
    const goesOn = audio.kind === 'silence' || audio.kind === 'probe';
    this.#sending = { audio, frame: 0, done: goesOn ? () => undefined : done };
    before.done();
    if (goesOn) done();
  }

  /** The frame that is due. */
  next(format: SentFormat): SentFrame {
    const sending = this.#sending;
    const { audio, frame } = sending;
    sending.frame += 1;
    const result =
      audio.kind === 'digits' ? this.#keyFrame(audio.digits, frame, format) : this.#audioFrame(audio, frame, format);
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    if (isOver(audio, sending.frame)) {
      this.#sending = { audio: { kind: 'silence' }, frame: 0, done: () => undefined };
      sending.done();
    }
    return result;
  }

  /** Passes over frames that could not be sent in time: time went on, the sequence did not. */
  skip(frames: number): void {
    this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
  }

  #audioFrame(audio: Exclude<SentAudio, { kind: 'digits' }>, frame: number, { payloadType }: SentFormat): SentFrame {
    const pcm = audio.kind === 'probe' ? this.#probe.next() : pcmOf(audio, frame);
    return { pcm, packets: [this.#packet(payloadType, encodeG711(payloadType, pcm), this.#timestamp)] };
  }

  #keyFrame(digits: string, frame: number, format: SentFormat): SentFrame {
    const within = frame % (KEY_FRAMES + PAUSE_FRAMES);
    const digit = digits[Math.floor(frame / (KEY_FRAMES + PAUSE_FRAMES))] ?? '0';
    const { eventPayloadType } = format;
    if (within >= KEY_FRAMES || eventPayloadType === undefined) {
      return this.#audioFrame({ kind: 'silence' }, frame, format);
    }
    const beganAt = (this.#timestamp - within * FRAME_SAMPLES) >>> 0;
    const isLast = within === KEY_FRAMES - 1;
    const packets = Array.from({ length: isLast ? END_PACKETS : 1 }, () =>
      this.#packet(
        eventPayloadType,
        Uint8Array.of(
          DIGITS.indexOf(digit),
          (isLast ? END_FLAG : 0) | VOLUME,
          ((within + 1) * FRAME_SAMPLES) >> 8,
          ((within + 1) * FRAME_SAMPLES) & 0xff,
        ),
        beganAt,
        within === 0,
      ),
    );
    return { pcm: SILENCE, packets };
  }

  #packet(payloadType: number, payload: Uint8Array, timestamp: number, begins = this.#isFirst): Buffer {
    const packet = buildRtpPacket({
      marker: begins,
      payloadType,
      sequence: this.#sequence,
      timestamp,
      ssrc: this.#ssrc,
      payload,
    });
    this.#isFirst = false;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return packet;
  }
}

const pcmOf = (audio: Exclude<SentAudio, { kind: 'digits' | 'probe' }>, frame: number): Int16Array => {
  switch (audio.kind) {
    case 'silence':
      return SILENCE;
    case 'tone': {
      const step = (2 * Math.PI * audio.hz) / SAMPLE_RATE;
      return Int16Array.from({ length: FRAME_SAMPLES }, (_, index) =>
        Math.round(TONE_PEAK * Math.sin(step * (frame * FRAME_SAMPLES + index))),
      );
    }
    case 'pcm': {
      const samples = new Int16Array(FRAME_SAMPLES);
      samples.set(audio.pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES));
      return samples;
    }
  }
};

const isOver = (audio: SentAudio, frames: number): boolean => {
  switch (audio.kind) {
    case 'silence':
    case 'probe':
      return false;
    case 'tone':
      return frames * FRAME_MS >= audio.ms;
    case 'pcm':
      return frames * FRAME_SAMPLES >= audio.pcm.length;
    case 'digits':
      return frames >= audio.digits.length * (KEY_FRAMES + PAUSE_FRAMES);
  }
};
