import { describe, expect, it } from '@jest/globals';
import type { G711PayloadType } from '../../src/media/g711.ts';
import { decodeG711, encodeG711 } from '../../src/media/g711.ts';
import type { ToneName, TonePlan } from '../../src/media/tones.ts';
import { silenceFrames, toneFrames } from '../../src/media/tones.ts';

const PCMU = 0;
const PCMA = 8;

/** Power at one frequency (Goertzel), as a level: 0 dBm0 is the level of the digital milliwatt. */
const levelDbm0 = (pcm: Int16Array, hertz: number): number => {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / 8000);
  let [previous, beforeThat] = [0, 0];
  for (const sample of pcm) [previous, beforeThat] = [sample + coefficient * previous - beforeThat, previous];
  const power = previous ** 2 + beforeThat ** 2 - coefficient * previous * beforeThat;
  const amplitude = (2 * Math.sqrt(Math.max(power, 0))) / pcm.length;
  return 20 * Math.log10(Math.max(amplitude, 1) / 22_650);
};

const decodeFrames = (payloadType: G711PayloadType, frames: readonly Uint8Array[]): Int16Array =>
  decodeG711(payloadType, Buffer.concat(frames));

describe('G.711', () => {
  it.each([
    { name: 'PCMU', payloadType: PCMU, milliwatt: [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e] },
    { name: 'PCMA', payloadType: PCMA, milliwatt: [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4] },
  ] as const)('decodes the digital milliwatt of $name as 1 kHz at 0 dBm0', ({ payloadType, milliwatt }) => {
    const pcm = decodeG711(
      payloadType,
      Uint8Array.from({ length: 8000 }, (_, index) => milliwatt[index % 8]!),
    );
    expect(Math.abs(levelDbm0(pcm, 1000))).toBeLessThan(0.1);
    expect(levelDbm0(pcm, 2000)).toBeLessThan(-60);
  });

  it('maps the known points of both laws', () => {
    expect([...encodeG711(PCMU, Int16Array.of(0, -1, 32_767, -32_768, 1000, -1000))]).toEqual([
      0xff, 0x7f, 0x80, 0x00, 0xce, 0x4e,
    ]);
    expect([...decodeG711(PCMU, Uint8Array.of(0x00, 0x80, 0xff, 0x7f))]).toEqual([-32_124, 32_124, 0, 0]);
    expect([...encodeG711(PCMA, Int16Array.of(0, -1, 32_767, -32_768, 1000, -1000))]).toEqual([
      0xd5, 0x55, 0xaa, 0x2a, 0xfa, 0x7a,
    ]);
    expect([...decodeG711(PCMA, Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a))]).toEqual([8, -8, 32_256, -32_256]);
  });

  it.each([PCMU, PCMA] as const)('gives every code of payload type %i back after a round trip', (payloadType) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const again = encodeG711(payloadType, decodeG711(payloadType, codes));
    // μ-law has a negative zero, 0x7f, which linear PCM cannot tell from 0xff.
    expect([...again]).toEqual([...codes].map((code) => (payloadType === PCMU && code === 0x7f ? 0xff : code)));
  });

  it.each([PCMU, PCMA] as const)('keeps every sample within a step of payload type %i', (payloadType) => {
    const pcm = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    const decoded = decodeG711(payloadType, encodeG711(payloadType, pcm));
    const worst = pcm.reduce((most, sample, index) => {
      const allowed = Math.max(8, Math.abs(sample) / 32 + 4, Math.abs(sample) - 32_124);
      return Math.max(most, Math.abs(sample - decoded[index]!) / allowed);
    }, 0);
    expect(worst).toBeLessThanOrEqual(1.1);
  });
});

describe('tones', () => {
  const cases: readonly [TonePlan, ToneName, readonly number[], number, number, number][] = [
    ['us', 'ringback', [440, 480], -19, 100, 300],
    ['us', 'busy', [480, 620], -24, 25, 50],
    ['eu', 'ringback', [425], -13, 50, 250],
    ['eu', 'busy', [425], -13, 25, 50],
  ];

  describe.each([PCMU, PCMA] as const)('in payload type %i', (payloadType) => {
    it.each(cases)('%s %s sounds at %j Hz and %i dBm0 for %i of %i frames', (plan, tone, hertz, level, on, all) => {
      const frames = toneFrames(plan, tone, payloadType);
      expect(frames).toHaveLength(all);
      expect(new Set(frames.map((frame) => frame.length))).toEqual(new Set([160]));
      const sounding = decodeFrames(payloadType, frames.slice(0, on));
      for (const frequency of hertz) expect(Math.abs(levelDbm0(sounding, frequency) - level)).toBeLessThan(0.5);
      expect(levelDbm0(sounding, 350)).toBeLessThan(level - 25);
      expect(levelDbm0(sounding, 1000)).toBeLessThan(level - 25);
      const silence = payloadType === PCMU ? 0xff : 0xd5;
      expect(frames.slice(on).every((frame) => frame.every((code) => code === silence))).toBe(true);
    });
  });

  it('renders a tone once for all who play it', () => {
    expect(toneFrames('us', 'ringback', PCMU)).toBe(toneFrames('us', 'ringback', PCMU));
    expect(toneFrames('us', 'ringback', PCMA)).not.toBe(toneFrames('us', 'ringback', PCMU));
    expect(silenceFrames(PCMU)).toBe(silenceFrames(PCMU));
    expect(silenceFrames(PCMA)).toEqual([new Uint8Array(160).fill(0xd5)]);
  });
});
