import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildRtpPacket, parseRtpPacket } from '../../src/media/rtp-packet.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

const packets = fc
  .record({
    marker: fc.boolean(),
    payloadType: fc.integer({ min: 0, max: 127 }),
    sequence: fc.integer({ min: 0, max: 0xffff }),
    timestamp: fc.integer({ min: 0, max: 0xffffffff }),
    ssrc: fc.integer({ min: 0, max: 0xffffffff }),
    payload: bytes(400),
  })
  .filter(({ marker, payloadType }) => !marker || payloadType < 64 || payloadType > 95);

interface Decoration {
  readonly csrcs: number;
  readonly extensionWords: number | undefined;
  readonly padding: number;
}

const decorations: fc.Arbitrary<Decoration> = fc.record({
  csrcs: fc.integer({ min: 0, max: 15 }),
  extensionWords: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  padding: fc.integer({ min: 0, max: 60 }),
});

/** The same packet with contributing sources, a header extension and padding (RFC 3550 sections 5.1, 5.3.1). */
const decorate = (plain: Buffer, { csrcs, extensionWords, padding }: Decoration): Buffer => {
  const header = Buffer.from(plain.subarray(0, 12));
  header[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extensionWords === undefined ? 0 : 0x10) | csrcs;
  const extension = Buffer.alloc(extensionWords === undefined ? 0 : 4 + 4 * extensionWords, 0xbe);
  if (extensionWords !== undefined) extension.writeUInt16BE(extensionWords, 2);
  const trailer = Buffer.alloc(padding);
  if (padding > 0) trailer[padding - 1] = padding;
  return Buffer.concat([header, Buffer.alloc(4 * csrcs, 0xc5), extension, plain.subarray(12), trailer]);
};

describe('RTP packets', () => {
  it('writes the header of RFC 3550 section 5.1', () => {
    const packet = { marker: true, payloadType: 8, sequence: 0x1234, timestamp: 0xfedcba98, ssrc: 0x89abcdef };
    const built = buildRtpPacket({ ...packet, payload: Buffer.from([1, 2, 3]) });
    expect(built.toString('hex')).toBe('80881234fedcba9889abcdef010203');
  });

  it('reads what it wrote, whatever sources, extension and padding were added on the way', () => {
    fc.assert(
      fc.property(packets, decorations, (packet, decoration) => {
        const parsed = parseRtpPacket(decorate(buildRtpPacket(packet), decoration));
        expect({ ...parsed, payload: [...parsed!.payload] }).toEqual({ ...packet, payload: [...packet.payload] });
      }),
    );
  });

  it('never throws, and never reads beyond the datagram', () => {
    fc.assert(
      fc.property(bytes(200), fc.boolean(), (random, hasVersion) => {
        const datagram = Buffer.from(random);
        if (hasVersion && datagram.length > 0) datagram[0] = 0x80 | (datagram[0]! & 0x3f);
        const parsed = parseRtpPacket(datagram);
        expect(parsed === undefined || parsed.payload.length <= datagram.length - 12).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['nothing', ''],
    ['eleven bytes', '8000000100000001000000'],
    ['version 1', '400000010000000100000001'],
    ['STUN', '000100002112a442000000000000000000000000'],
    ['an RTCP sender report', `80c80006${'00'.repeat(24)}`],
    ['more contributing sources than bytes', '8f000001000000010000000100000000'],
    ['an extension that is cut off', '90000001000000010000000100'],
    ['an extension longer than the datagram', '900000010000000100000001bede0002ffffffff'],
    ['padding that counts zero bytes', 'a0000001000000010000000100000000'],
    ['padding that reaches into the header', 'a00000010000000100000001ff000005'],
  ])('refuses %s', (_, hex) => {
    expect(parseRtpPacket(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
