import { isIP } from 'node:net';
import { type Codec, codecsOf, isOneOf } from './codec.ts';
import { receives } from './direction.ts';
import { type MediaDescription, parseSdp } from './session-description.ts';

/** Where and how a peer wants to be sent audio. */
export interface AudioTarget {
  /** An IP literal, without brackets. */
  readonly address: string;
  readonly port: number;
  /** The first of its codecs that we speak: 0 is PCMU, 8 is PCMA. */
  readonly payloadType: 0 | 8;
  /** Where it takes telephone events (RFC 4733). */
  readonly eventPayloadType: number | undefined;
}

const PLAIN_RTP = ['RTP/AVP', 'RTP/AVPF'];

const isNowhere = (address: string): boolean => isIP(address) === 0 || address === '0.0.0.0' || address === '::';

const g711 = (codecs: readonly Codec[]): 0 | 8 | undefined => {
  for (const codec of codecs) {
    if (codec.payloadType === 0 && isOneOf(codec, ['PCMU'])) return 0;
    if (codec.payloadType === 8 && isOneOf(codec, ['PCMA'])) return 8;
  }
  return undefined;
};

/** How a peer speaks: what it sends, it understands. */
export type AudioFormat = Pick<AudioTarget, 'payloadType' | 'eventPayloadType'>;

const formatOf = (media: MediaDescription): AudioFormat | undefined => {
  const { type, protocol, port } = media;
  if (type !== 'audio' || protocol !== 'RTP/AVP' || port === 0) return undefined;
  const codecs = codecsOf(media);
  const payloadType = g711(codecs);
  if (payloadType === undefined) return undefined;
  const events = codecs.find((codec) => isOneOf(codec, ['telephone-event']));
  return { payloadType, eventPayloadType: events?.payloadType };
};

const targetOf = (media: MediaDescription): AudioTarget | undefined => {
  const { address, port, direction } = media;
  const format = formatOf(media);
  if (format === undefined || address === undefined || isNowhere(address) || !receives(direction)) return undefined;
  return { address, port, ...format };
};

/**
 * Whether a peer takes or sends audio over plain RTP, in whatever codec: an `m=audio 0` and SRTP are no answer to our offers.
 * @throws SdpError on malformed SDP
 */
export const hasPlainAudio = (sdp: string): boolean =>
  parseSdp(sdp).media.some(({ type, port, protocol }) => type === 'audio' && port > 0 && PLAIN_RTP.includes(protocol));

/**
 * How the first audio stream of a peer is spoken, also where it only sends or is on hold. Undefined where it is refused,
 * encrypted or without a codec of ours.
 * @throws SdpError on malformed SDP
 */
export const audioFormatOf = (sdp: string): AudioFormat | undefined => {
  for (const media of parseSdp(sdp).media) {
    const format = formatOf(media);
    if (format !== undefined) return format;
  }
  return undefined;
};

/**
 * Whether a peer wants to hear us, also where its address tells us nothing. On hold it does not: by its direction, or by an
 * address of zeros (RFC 3264 section 8.4).
 * @throws SdpError on malformed SDP
 */
export const wantsAudio = (sdp: string): boolean => {
  const media = parseSdp(sdp).media.find((each) => formatOf(each) !== undefined);
  return media !== undefined && receives(media.direction) && media.address !== '0.0.0.0' && media.address !== '::';
};

/**
 * The first audio stream of a peer that we can send to. Undefined where it is on hold, refused, encrypted or without a
 * codec of ours.
 * @throws SdpError on malformed SDP
 */
export const audioTargetOf = (sdp: string): AudioTarget | undefined => {
  for (const media of parseSdp(sdp).media) {
    const target = targetOf(media);
    if (target !== undefined) return target;
  }
  return undefined;
};
