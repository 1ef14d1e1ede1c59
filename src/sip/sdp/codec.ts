import type { MediaDescription } from './session-description.ts';

/** A format of an audio line, with its name looked up. */
export interface Codec {
  readonly payloadType: number;
  /** In upper case: `PCMU`, `TELEPHONE-EVENT`. Names have no case (RFC 8866 section 6.6). */
  readonly name: string;
  readonly clockRate: number;
  readonly channels: number;
  /** The parameters of its `fmtp` line. */
  readonly parameters: string | undefined;
}

/** The codecs that this engine speaks itself. */
export type OwnCodec = 'PCMU' | 'PCMA' | 'telephone-event';

export const ownCodecs: readonly OwnCodec[] = ['PCMU', 'PCMA', 'telephone-event'];

/** RFC 3551 section 6: payload types that need no rtpmap. */
const STATIC: Readonly<Record<number, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  4: 'G723/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  13: 'CN/8000',
  15: 'G728/8000',
  18: 'G729/8000',
};

const ENCODING = /^([^/\s]+)\/(\d{1,7})(?:\/(\d{1,2}))?\s*$/;

/** The values of the attributes that are written `name:<format> value`. */
const valueFor = (media: MediaDescription, name: string, format: string): string | undefined => {
  const attribute = media.attributes.find((item) => item.name === name && item.value.startsWith(`${format} `));
  return attribute?.value.slice(format.length + 1).trim();
};

/** Undefined for a format without a known name. */
const readCodec = (media: MediaDescription, format: string): Codec | undefined => {
  if (!/^\d{1,3}$/.test(format)) return undefined;
  const payloadType = Number(format);
  const [, name, clockRate, channels] =
    ENCODING.exec(valueFor(media, 'rtpmap', format) ?? STATIC[payloadType] ?? '') ?? [];
  if (name === undefined) return undefined;
  return {
    payloadType,
    name: name.toUpperCase(),
    clockRate: Number(clockRate),
    channels: Number(channels ?? 1),
    parameters: valueFor(media, 'fmtp', format),
  };
};

/** In the order of preference of the peer that wrote them; those without a known name are left out. */
export const codecsOf = (media: MediaDescription): Codec[] =>
  media.formats.map((format) => readCodec(media, format)).filter((codec) => codec !== undefined);

export const isOneOf = (codec: Codec, names: readonly string[]): boolean =>
  codec.clockRate === 8000 && codec.channels === 1 && names.some((name) => name.toUpperCase() === codec.name);
