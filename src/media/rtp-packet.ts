/** An RTP packet (RFC 3550 section 5.1). Contributing sources, header extension and padding are left out. */
export interface RtpPacket {
  readonly marker: boolean;
  /** 0 to 127. */
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

/** Bytes of an RTP header without contributing sources and extension. */
const HEADER_BYTES = 12;
const VERSION = 2;

/** A packet as bytes of its own. Numbers are taken modulo the size of their field. */
export const buildRtpPacket = (packet: RtpPacket): Buffer => {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + packet.payload.length);
  bytes[0] = VERSION << 6;
  bytes[1] = (packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f);
  bytes.writeUInt32BE(packet.ssrc >>> 0, 8);
  advanceRtpPacket(bytes, packet);
  return bytes;
};

/**
 * Makes of a packet that {@link buildRtpPacket} built the one that follows it: what changes is written, in place. A
 * payload that is left out stays as it is. Byte by byte: every stream passes here fifty times a second.
 */
export const advanceRtpPacket = (
  bytes: Buffer,
  { sequence, timestamp, payload }: Pick<RtpPacket, 'sequence' | 'timestamp'> & { readonly payload?: Uint8Array },
): void => {
  bytes[2] = sequence >>> 8;
  bytes[3] = sequence;
  bytes[4] = timestamp >>> 24;
  bytes[5] = timestamp >>> 16;
  bytes[6] = timestamp >>> 8;
  bytes[7] = timestamp;
  if (payload !== undefined) bytes.set(payload, HEADER_BYTES);
};

/** Removes the marker, which only the first packet of a talkspurt carries (RFC 3551 section 4.1). */
export const clearMarker = (bytes: Buffer): void => {
  bytes.writeUInt8(bytes.readUInt8(1) & 0x7f, 1);
};

/**
 * Reads a datagram. The payload is a view of it, not a copy.
 * @returns undefined for whatever is not RTP: another version, RTCP, lengths that do not fit
 */
export const parseRtpPacket = (datagram: Buffer): RtpPacket | undefined => {
  if (datagram.length < HEADER_BYTES) return undefined;
  const first = datagram.readUInt8(0);
  const second = datagram.readUInt8(1);
  if (first >> 6 !== VERSION || isRtcp(second)) return undefined;
  const start = payloadStart(datagram, first);
  const end = payloadEnd(datagram, first);
  if (start > end) return undefined;
  return {
    marker: second >= 0x80,
    payloadType: second & 0x7f,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(start, end),
  };
};

// RFC 5761 section 4: the packet types of RTCP on a port that both share.
const isRtcp = (second: number): boolean => second >= 192 && second <= 223;

/** May lie beyond the datagram: the caller compares. */
const payloadStart = (datagram: Buffer, first: number): number => {
  const afterSources = HEADER_BYTES + 4 * (first & 0x0f);
  const hasExtension = (first & 0x10) !== 0;
  if (!hasExtension) return afterSources;
  if (afterSources + 4 > datagram.length) return Infinity;
  return afterSources + 4 + 4 * datagram.readUInt16BE(afterSources + 2);
};

/** Negative where the padding is impossible: its last byte counts itself, so zero is not a count. */
const payloadEnd = (datagram: Buffer, first: number): number => {
  const hasPadding = (first & 0x20) !== 0;
  if (!hasPadding) return datagram.length;
  const padding = datagram.readUInt8(datagram.length - 1);
  return padding === 0 ? -1 : datagram.length - padding;
};
