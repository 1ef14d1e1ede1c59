import type { HeardPackets, Recording } from '../analysis/recording.ts';
import { encodeG711 } from '../g711.ts';
import type { RtpPacket } from '../rtp-packet.ts';

/** Ten minutes of packets of 20 ms, and a third more: then nothing more is kept. */
const MOST_PACKETS = 40_000;
const MOST_PAYLOAD_BYTES = 6 * 1024 * 1024;
/** An echo is looked for in the first minute. */
const MOST_SENT_BYTES = 60 * 8000;
const FIRST_PACKETS = 512;
const SAMPLES_A_MS = 8;

/** Bytes that grow as they are written. */
class Bytes {
  #bytes: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  taken(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Keeps what comes to a test phone and what it sends, from the answer on, as plain numbers: to be measured afterwards. */
export class Recorder {
  readonly #rows: {
    arrivedMs: number;
    sequence: number;
    timestamp: number;
    ssrc: number;
    payloadType: number;
    end: number;
  }[] = [];
  readonly #payload = new Bytes(FIRST_PACKETS * 160);
  readonly #sent = new Bytes(FIRST_PACKETS * 160);
  #answeredMs: number | undefined;
  #sentFromMs = 0;

  /** What comes from now on counts. */
  answered(nowMs: number): void {
    this.#answeredMs ??= nowMs;
  }

  heard({ sequence, timestamp, ssrc, payloadType, payload }: RtpPacket, arrivedMs: number): void {
    const isFull = this.#rows.length >= MOST_PACKETS || this.#payload.length + payload.length > MOST_PAYLOAD_BYTES;
    if (this.#answeredMs === undefined || isFull) return;
    this.#payload.push(payload);
    this.#rows.push({ arrivedMs, sequence, timestamp, ssrc, payloadType, end: this.#payload.length });
  }

  sent(pcm: Int16Array, nowMs: number): void {
    if (this.#answeredMs === undefined || this.#sent.length >= MOST_SENT_BYTES) return;
    // A frame may leave late, never early: the one that was least late tells when the first was due.
    const firstDueMs = nowMs - this.#sent.length / SAMPLES_A_MS;
    this.#sentFromMs = this.#sent.length === 0 ? firstDueMs : Math.min(this.#sentFromMs, firstDueMs);
    this.#sent.push(encodeG711(0, pcm));
  }

  /** The recording as it is now; undefined before the answer. */
  finish(endedMs: number): Recording | undefined {
    const answeredMs = this.#answeredMs;
    if (answeredMs === undefined) return undefined;
    const rows = this.#rows;
    const heard: HeardPackets = {
      arrivedMs: Float64Array.from(rows, (row) => row.arrivedMs),
      sequence: Uint16Array.from(rows, (row) => row.sequence),
      timestamp: Uint32Array.from(rows, (row) => row.timestamp),
      ssrc: Uint32Array.from(rows, (row) => row.ssrc),
      payloadType: Uint8Array.from(rows, (row) => row.payloadType),
      end: Uint32Array.from(rows, (row) => row.end),
      payload: this.#payload.taken(),
    };
    return { answeredMs, endedMs, heard, sent: this.#sent.taken(), sentFromMs: this.#sentFromMs };
  }
}

/** What of a recording is handed over to another thread rather than copied. */
export const buffersOf = ({ heard, sent }: Recording): ArrayBuffer[] => {
  const { arrivedMs, sequence, timestamp, ssrc, payloadType, end, payload } = heard;
  const arrays = [arrivedMs, sequence, timestamp, ssrc, payloadType, end, payload, sent];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
};
