import { decodeG711 } from '../g711.ts';
import { SAMPLE_RATE } from '../tones.ts';
import type { HeardPackets, Recording } from './recording.ts';

/** What a listener would have got: what is later than this behind the fastest packets is thrown away, and counts as lost. */
export const PLAYOUT_MS = 60;

/** Packets by which the fastest way is known: five seconds. Clocks of two machines drift apart by less in that time. */
const REFERENCE_PACKETS = 250;
/** A timestamp that is further than this from its arrival began anew. */
const JUMP_MS = 5000;
/** MAX_DROPOUT of RFC 3550 appendix A.1: a step that is larger is a stray packet, or a sender that began anew. */
const LONGEST_STEP = 3000;
/** What is recorded is no longer either. */
const LONGEST_MS = 600_000;
const SAMPLES_A_MS = SAMPLE_RATE / 1000;

export interface HeardStream {
  /** From the answer on, silence where nothing was heard. 8000 samples a second. */
  readonly pcm: Int16Array;
  /** 0 to 100. */
  readonly lossPercent: number;
  /** The mean of RFC 3550's interarrival jitter; null where there were less than two packets of audio. */
  readonly jitterMs: number | null;
}

/** Counts wrap; a step of more than half of the range is one back. */
const signedStep = (from: number, to: number, bits: 16 | 32): number => {
  const range = 2 ** bits;
  const step = (to - from + range) % range;
  return step >= range / 2 ? step - range : step;
};

/** What came of one sender while its clock ran without a jump. */
interface Stretch {
  /** Those that were in time: their indexes, and their moments on the sender's clock. */
  readonly indexes: number[];
  readonly mediaMs: number[];
  /** Of the first five seconds: the fastest way. By it all are placed, for the first packet may have been a slow one. */
  leastTransit: number;
  transits: number;
}

/** One sender, known by its SSRC. */
class Source {
  readonly #stretches: Stretch[] = [];
  readonly #seen = new Set<number>();
  readonly #transits: number[] = [];
  #hasBegun = false;
  /** Of what was sent before the sender began to count anew. */
  #expectedBefore = 0;
  /** What follows a packet that was far off: if it comes, the sender began anew. */
  #nextAnew: number | undefined;
  #lowest = 0;
  #highest = 0;
  #onTime = 0;
  #timestamp = 0;
  /** Of the newest timestamp, in milliseconds without wraps. */
  #mediaMs = 0;
  #jitterMs = 0;
  #lastTransit: number | undefined;
  jitterSum = 0;
  jitterCount = 0;

  get expected(): number {
    return this.#expectedBefore + (this.#hasBegun ? this.#highest - this.#lowest + 1 : 0);
  }

  get onTime(): number {
    return this.#onTime;
  }

  take(packets: HeardPackets, index: number): void {
    if (!this.#count(packets.sequence[index] ?? 0)) return;
    const payloadType = packets.payloadType[index];
    // Keys and comfort noise came, and are no sound.
    if (payloadType !== 0 && payloadType !== 8) {
      this.#onTime += 1;
      return;
    }
    const arrivedMs = packets.arrivedMs[index] ?? 0;
    const mediaMs = this.#mediaTime(packets.timestamp[index] ?? 0, arrivedMs);
    const transit = arrivedMs - mediaMs;
    this.#measureJitter(transit);
    const stretch = this.#stretchWith(transit);
    if (this.#isLate(transit)) return;
    this.#onTime += 1;
    stretch.indexes.push(index);
    stretch.mediaMs.push(mediaMs);
  }

  /** Lays what was in time on the line of time that begins with the answer. */
  layOut({ packets, pcm, answeredMs }: { packets: HeardPackets; pcm: Int16Array; answeredMs: number }): void {
    for (const { indexes, mediaMs, leastTransit } of this.#stretches) {
      for (const [place, index] of indexes.entries()) {
        const payload = packets.payload.subarray(packets.end[index - 1] ?? 0, packets.end[index]);
        const samples = decodeG711(packets.payloadType[index] === 8 ? 8 : 0, payload);
        const sinceAnswer = (mediaMs[place] ?? 0) + leastTransit - answeredMs;
        lay(samples, pcm, Math.round(sinceAnswer * SAMPLES_A_MS));
      }
    }
  }

  /** @returns false for a packet that came before, or is far off */
  #count(sequence: number): boolean {
    if (!this.#hasBegun) this.#begin(sequence);
    const step = signedStep(this.#highest & 0xffff, sequence, 16);
    if (Math.abs(step) > LONGEST_STEP) return this.#countAnew(sequence);
    this.#nextAnew = undefined;
    const extended = this.#highest + step;
    if (this.#seen.has(extended)) return false;
    this.#seen.add(extended);
    this.#lowest = Math.min(this.#lowest, extended);
    this.#highest = Math.max(this.#highest, extended);
    return true;
  }

  #begin(sequence: number): void {
    this.#hasBegun = true;
    this.#seen.clear();
    // A range above zero: what overtook the first packet lies below it.
    this.#lowest = this.#highest = sequence + 0x1_0000;
  }

  /** Two packets in a row tell of a sender that began anew; one alone is passed over. */
  #countAnew(sequence: number): boolean {
    const isAnew = sequence === this.#nextAnew;
    this.#nextAnew = (sequence + 1) & 0xffff;
    if (!isAnew) return false;
    this.#expectedBefore = this.expected;
    this.#begin(sequence);
    this.#nextAnew = undefined;
    return this.#count(sequence);
  }

  /** The moment of the sender's clock, without wraps; anew where it jumps. */
  #mediaTime(timestamp: number, arrivedMs: number): number {
    const isFirst = this.#lastTransit === undefined;
    const mediaMs = this.#mediaMs + signedStep(this.#timestamp, timestamp, 32) / SAMPLES_A_MS;
    const isJump = !isFirst && Math.abs(arrivedMs - mediaMs - (this.#lastTransit ?? 0)) > JUMP_MS;
    this.#timestamp = timestamp;
    if (isFirst || isJump) {
      this.#mediaMs = arrivedMs;
      this.#transits.length = 0;
      this.#lastTransit = undefined;
      this.#newStretch();
    } else this.#mediaMs = mediaMs;
    return this.#mediaMs;
  }

  /** RFC 3550 section 6.4.1 and appendix A.8. */
  #measureJitter(transit: number): void {
    if (this.#lastTransit !== undefined) {
      this.#jitterMs += (Math.abs(transit - this.#lastTransit) - this.#jitterMs) / 16;
      this.jitterSum += this.#jitterMs;
      this.jitterCount += 1;
    }
    this.#lastTransit = transit;
  }

  #isLate(transit: number): boolean {
    this.#transits.push(transit);
    if (this.#transits.length > REFERENCE_PACKETS) this.#transits.shift();
    return transit - Math.min(...this.#transits) > PLAYOUT_MS;
  }

  #stretchWith(transit: number): Stretch {
    const stretch = this.#stretches.at(-1) ?? this.#newStretch();
    stretch.transits += 1;
    if (stretch.transits <= REFERENCE_PACKETS) stretch.leastTransit = Math.min(stretch.leastTransit, transit);
    return stretch;
  }

  #newStretch(): Stretch {
    const stretch: Stretch = { indexes: [], mediaMs: [], leastTransit: 0, transits: 0 };
    this.#stretches.push(stretch);
    return stretch;
  }
}

/** What lies outside of the line is left out. */
const lay = (samples: Int16Array, pcm: Int16Array, position: number): void => {
  const from = Math.max(0, -position);
  const to = Math.min(samples.length, pcm.length - position);
  if (to > from) pcm.set(samples.subarray(from, to), position + from);
};

/** What was heard from the answer on; undefined where nothing came. */
export const readHeard = ({ heard, answeredMs, endedMs }: Recording): HeardStream | undefined => {
  const lastsMs = Math.min(LONGEST_MS, Math.max(0, endedMs - answeredMs));
  const pcm = new Int16Array(Math.round(lastsMs * SAMPLES_A_MS));
  const sources = new Map<number, Source>();
  for (let index = 0; index < heard.arrivedMs.length; index += 1) {
    if ((heard.arrivedMs[index] ?? 0) < answeredMs) continue;
    const ssrc = heard.ssrc[index] ?? 0;
    let source = sources.get(ssrc);
    if (source === undefined) sources.set(ssrc, (source = new Source()));
    source.take(heard, index);
  }
  if (sources.size === 0) return undefined;
  const all = [...sources.values()];
  for (const source of all) source.layOut({ packets: heard, pcm, answeredMs });
  const sumOf = (count: (source: Source) => number): number => all.reduce((sum, source) => sum + count(source), 0);
  const expected = sumOf((source) => source.expected);
  const jitters = sumOf((source) => source.jitterCount);
  return {
    pcm,
    lossPercent: (100 * (expected - sumOf((source) => source.onTime))) / expected,
    jitterMs: jitters === 0 ? null : sumOf((source) => source.jitterSum) / jitters,
  };
};
