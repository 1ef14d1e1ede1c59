import { describe, expect, it } from '@jest/globals';
import { readHeard } from '../../../src/media/analysis/heard-stream.ts';
import type { Recording } from '../../../src/media/analysis/recording.ts';
import { seeded } from '../signals.ts';

interface Heard {
  readonly at: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
}

const recordingOf = (packets: readonly Heard[], endedMs = 20 * packets.length): Recording => {
  const inOrder = [...packets].sort((a, b) => a.at - b.at);
  return {
    answeredMs: 0,
    endedMs,
    heard: {
      arrivedMs: Float64Array.from(inOrder, ({ at }) => at),
      sequence: Uint16Array.from(inOrder, ({ sequence }) => sequence),
      timestamp: Uint32Array.from(inOrder, ({ timestamp }) => timestamp),
      ssrc: Uint32Array.from(inOrder, ({ ssrc = 1 }) => ssrc),
      payloadType: Uint8Array.from(inOrder, ({ payloadType = 0 }) => payloadType),
      end: Uint32Array.from(inOrder, (_, index) => 160 * (index + 1)),
      payload: new Uint8Array(160 * inOrder.length),
    },
    sent: new Uint8Array(0),
    sentFromMs: 0,
  };
};

/** A stream as it was sent, across the ends of both counts. */
const stream = (count: number, delayOf: (index: number) => number = () => 0, from = 65_500): Heard[] =>
  Array.from({ length: count }, (_, index) => ({
    at: 20 * index + delayOf(index),
    sequence: (from + index) & 0xffff,
    timestamp: (0xffff_f000 + 160 * index) >>> 0,
  }));

describe('a stream that was heard', () => {
  it('has lost nothing where all came, across the ends of sequence and timestamp', () => {
    expect(readHeard(recordingOf(stream(500)))).toMatchObject({ lossPercent: 0, jitterMs: 0 });
  });

  it('has lost what never came', () => {
    const random = seeded(5);
    const came = stream(1000).filter((_, index) => index === 0 || index === 999 || random() >= 0.05);
    expect(readHeard(recordingOf(came))!.lossPercent).toBeCloseTo((1000 - came.length) / 10, 6);
  });

  it('has lost nothing where packets came twice or overtook each other', () => {
    const swapped = stream(500, (index) => (index % 10 === 3 ? 30 : 0));
    expect(readHeard(recordingOf([...swapped, ...stream(500, () => 5)]))!.lossPercent).toBe(0);
  });

  it('is placed by its fastest packets: a slow first one moves nothing', () => {
    const slow = recordingOf(stream(100, (index) => (index === 0 ? 45 : 10)));
    const pcm = readHeard({ ...slow, heard: { ...slow.heard, payload: new Uint8Array(16_000).fill(0x10) } })!.pcm;
    expect([pcm.findIndex((sample) => sample !== 0), pcm.length]).toEqual([80, 16_000]);
  });

  it('has lost what came more than 60 ms behind the others', () => {
    const late = stream(500, (index) => (index % 50 === 25 ? 70 : index % 50 === 10 ? 50 : 0));
    expect(readHeard(recordingOf(late))!.lossPercent).toBeCloseTo(2, 6);
  });

  it('tells the jitter of RFC 3550: of a delay that alternates by 10 ms, 10 ms', () => {
    expect(readHeard(recordingOf(stream(3000, (index) => 10 * (index % 2))))!.jitterMs).toBeCloseTo(10, 0);
  });

  it('goes on where the source began anew: another SSRC, or another count', () => {
    const again = (parts: Partial<Heard>) => stream(250, () => 5000, 7).map((packet) => ({ ...packet, ...parts }));
    expect(readHeard(recordingOf([...stream(250), ...again({ ssrc: 2 })]))!.lossPercent).toBe(0);
    const restarted = again({}).map((packet) => ({ ...packet, timestamp: (packet.timestamp + 0x1234_5678) >>> 0 }));
    expect(readHeard(recordingOf([...stream(250, () => 0, 30_000), ...restarted]))!.lossPercent).toBeLessThan(0.5);
  });

  it('is not spoilt by one stray packet', () => {
    const stray = { at: 2001, sequence: 20_000, timestamp: 77 };
    expect(readHeard(recordingOf([...stream(500), stray]))!.lossPercent).toBeLessThan(0.5);
  });

  it('keeps to ten minutes of sound, however long the call was', () => {
    expect(readHeard(recordingOf(stream(100), 86_400_000))!.pcm).toHaveLength(600 * 8000);
  });

  it('is none where nothing came after the answer', () => {
    expect(readHeard({ ...recordingOf(stream(10)), answeredMs: 1000, endedMs: 2000 })).toBeUndefined();
  });
});
