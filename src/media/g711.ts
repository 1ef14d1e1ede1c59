/** The static RTP payload types of G.711 (RFC 3551 section 6): 0 is PCMU, 8 is PCMA. */
export type G711PayloadType = 0 | 8;

const PCMU = 0;
const MULAW_BIAS = 0x21;
const MULAW_MAX = 0x1fff;

// μ-law is defined on 14 bits, A-law on 13: the tables are indexed by the sample without its low bits.
const MULAW_SHIFT = 2;
const ALAW_SHIFT = 3;

const encodeMulaw = (linear14: number): number => {
  const magnitude = Math.min((linear14 < 0 ? ~linear14 : linear14) + MULAW_BIAS, MULAW_MAX);
  const segment = 26 - Math.clz32(magnitude);
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0f);
  return code ^ (linear14 < 0 ? 0x7f : 0xff);
};

const decodeMulaw = (code: number): number => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4)) - 0x84;
  return bits & 0x80 ? -magnitude : magnitude;
};

const encodeAlaw = (linear13: number): number => {
  const magnitude = linear13 < 0 ? ~linear13 : linear13;
  const segment = Math.max(0, 27 - Math.clz32(magnitude));
  const code = (segment << 4) | ((magnitude >> Math.max(1, segment)) & 0x0f);
  return code ^ (linear13 < 0 ? 0x55 : 0xd5);
};

const decodeAlaw = (code: number): number => {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const step = ((bits & 0x0f) << 4) + (segment === 0 ? 0x08 : 0x108);
  const magnitude = step << Math.max(0, segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
};

interface Law {
  readonly shift: number;
  readonly codes: Uint8Array;
  readonly samples: Int16Array;
}

const createLaw = (shift: number, encode: (linear: number) => number, decode: (code: number) => number): Law => {
  const size = 0x10000 >> shift;
  return {
    shift,
    codes: Uint8Array.from({ length: size }, (_, index) => encode(index < size / 2 ? index : index - size)),
    samples: Int16Array.from({ length: 256 }, (_, code) => decode(code)),
  };
};

const mulaw = createLaw(MULAW_SHIFT, encodeMulaw, decodeMulaw);
const alaw = createLaw(ALAW_SHIFT, encodeAlaw, decodeAlaw);

const lawOf = (payloadType: G711PayloadType): Law => (payloadType === PCMU ? mulaw : alaw);

/** One byte a sample of 16-bit linear PCM (ITU-T G.711). */
export const encodeG711 = (payloadType: G711PayloadType, pcm: Int16Array): Uint8Array => {
  const { codes, shift } = lawOf(payloadType);
  const mask = codes.length - 1;
  // A loop, for `from` asks an iterator for each sample: 12 times slower.
  const bytes = new Uint8Array(pcm.length);
  for (let index = 0; index < pcm.length; index += 1) bytes[index] = codes[((pcm[index] ?? 0) >> shift) & mask] ?? 0;
  return bytes;
};

/** 16-bit linear PCM, one sample a byte (ITU-T G.711). */
export const decodeG711 = (payloadType: G711PayloadType, bytes: Uint8Array): Int16Array => {
  const { samples } = lawOf(payloadType);
  const pcm = new Int16Array(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) pcm[index] = samples[bytes[index] ?? 0] ?? 0;
  return pcm;
};
