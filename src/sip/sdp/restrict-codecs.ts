import { codecsOf, isOneOf, type OwnCodec } from './codec.ts';
import { SdpError } from './errors.ts';
import { type MediaDescription, parseSdp } from './session-description.ts';

const MEDIA_LINE = /^(m=\S+ +\S+ +\S+) [^\r]*/;
const FORMAT_ATTRIBUTE = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d{1,3}) /;

/** The formats that stay; undefined for a stream that is left as it is. */
const keptFormats = (media: MediaDescription | undefined, names: readonly OwnCodec[]): string[] | undefined => {
  if (media?.type !== 'audio' || media.port === 0) return undefined;
  const kept = codecsOf(media).filter((codec) => isOneOf(codec, names));
  if (!kept.some((codec) => !isOneOf(codec, ['telephone-event']))) throw new SdpError('No codec left');
  return kept.map(({ payloadType }) => String(payloadType));
};

const isDropped = (line: string, kept: readonly string[]): boolean => {
  const format = FORMAT_ATTRIBUTE.exec(line)?.[1];
  return format !== undefined && !kept.includes(format);
};

/**
 * The same description with none but the named codecs in its audio lines, for a peer that refuses the others.
 * All else stays as it is, byte for byte.
 * @throws SdpError where it is malformed, or a stream would be left without a codec
 */
export const restrictCodecs = (sdp: string, names: readonly OwnCodec[]): string => {
  const media = parseSdp(sdp).media.values();
  let kept: string[] | undefined;
  const lines = sdp.split('\n').flatMap((line) => {
    if (line.startsWith('m=')) kept = keptFormats(media.next().value, names);
    if (kept === undefined) return [line];
    if (isDropped(line, kept)) return [];
    const formats = kept.join(' ');
    return [line.replace(MEDIA_LINE, (_, start: string) => `${start} ${formats}`)];
  });
  return lines.join('\n');
};
