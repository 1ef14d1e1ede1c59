import { type Codec, codecsOf, isOneOf, type OwnCodec, ownCodecs } from './codec.ts';
import { audioLines, type AudioSdpOptions, joinLines, sessionLines } from './create-audio-sdp.ts';
import { answerDirection, type Direction } from './direction.ts';
import { SdpError } from './errors.ts';
import { type MediaDescription, parseSdp } from './session-description.ts';

const EVENTS: OwnCodec = 'telephone-event';

/** The offer's codecs that we speak, with its payload types and in its order. */
const commonCodecs = (
  media: MediaDescription,
  allowed: readonly OwnCodec[],
): { payloadType: number; name: OwnCodec }[] =>
  codecsOf(media).flatMap((codec: Codec) => {
    const name = allowed.find((candidate) => isOneOf(codec, [candidate]));
    return name === undefined ? [] : [{ payloadType: codec.payloadType, name }];
  });

const isAcceptable = (media: MediaDescription, allowed: readonly OwnCodec[]): boolean =>
  media.type === 'audio' &&
  media.protocol === 'RTP/AVP' &&
  media.port !== 0 &&
  commonCodecs(media, allowed).some(({ name }) => name !== EVENTS);

/** RFC 3264 section 8.4: the old way of holding is an address of all zeros. */
const offeredDirection = ({ address, direction }: MediaDescription): Direction =>
  address === '0.0.0.0' ? answerDirection('recvonly', direction) : direction;

const refusedLine = ({ type, protocol, formats }: MediaDescription): string =>
  `m=${type} 0 ${protocol} ${formats.join(' ')}`;

/**
 * Answers an offer (RFC 3264 section 6) with one audio stream at our address: the first audio line with a codec of
 * ours is accepted, every other line refused with port 0. `sendonly` is answered `recvonly`, and so on.
 * @throws SdpError where the offer is malformed or has no such line: 488
 */
export const answerAudio = (offer: string, options: AudioSdpOptions): string => {
  const { media, timing } = parseSdp(offer);
  const allowed = options.codecs ?? ownCodecs;
  const accepted = media.find((candidate) => isAcceptable(candidate, allowed));
  if (accepted === undefined) throw new SdpError('No audio in common');
  const answer = audioLines({
    port: options.port,
    direction: answerDirection(offeredDirection(accepted), options.direction ?? 'sendrecv'),
    codecs: commonCodecs(accepted, allowed),
  });
  const lines = media.flatMap((candidate) => (candidate === accepted ? answer : [refusedLine(candidate)]));
  return joinLines([...sessionLines(options, timing), ...lines]);
};
