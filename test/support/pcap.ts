import { encodeG711, type G711PayloadType } from '../../src/media/g711.ts';

const FRAME = 160;

export interface PcapOptions {
  /** PCMU by default. */
  readonly payloadType?: G711PayloadType;
  /** Whether a packet was lost on its way: it is not in the capture. None by default. */
  readonly isLost?: (index: number) => boolean;
}

/** A capture that sipp can play: Ethernet, IPv4, UDP, RTP, a packet of 20 ms each. */
export const pcapOf = (pcm: Int16Array, { payloadType = 0, isLost = () => false }: PcapOptions = {}): Buffer => {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20); // LINKTYPE_ETHERNET
  const packets = Array.from({ length: Math.floor(pcm.length / FRAME) }, (_, index) => index)
    .filter((index) => !isLost(index))
    .map((index) => {
      const payload = encodeG711(payloadType, pcm.subarray(index * FRAME, (index + 1) * FRAME));
      return packetOf(payload, { index, payloadType });
    });
  return Buffer.concat([header, ...packets]);
};

const packetOf = (
  payload: Uint8Array,
  { index, payloadType }: { readonly index: number; readonly payloadType: G711PayloadType },
): Buffer => {
  const rtp = Buffer.alloc(12);
  rtp[0] = 0x80;
  rtp[1] = payloadType;
  rtp.writeUInt16BE(index & 0xffff, 2);
  rtp.writeUInt32BE(index * FRAME, 4);
  rtp.writeUInt32BE(0x1234, 8);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(4000, 0);
  udp.writeUInt16BE(4002, 2);
  udp.writeUInt16BE(8 + 12 + payload.length, 4);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(20 + 8 + 12 + payload.length, 2);
  ip[8] = 64;
  ip[9] = 17;
  ip.set([127, 0, 0, 1, 127, 0, 0, 1], 12);
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(0x0800, 12);
  const frame = Buffer.concat([ethernet, ip, udp, rtp, payload]);
  const record = Buffer.alloc(16);
  const microseconds = index * 20_000;
  record.writeUInt32LE(1 + Math.floor(microseconds / 1_000_000), 0);
  record.writeUInt32LE(microseconds % 1_000_000, 4);
  record.writeUInt32LE(frame.length, 8);
  record.writeUInt32LE(frame.length, 12);
  return Buffer.concat([record, frame]);
};

export const toneOf = (hz: number, seconds: number): Int16Array =>
  Int16Array.from({ length: seconds * 8000 }, (_, n) => 8000 * Math.sin((2 * Math.PI * hz * n) / 8000));
