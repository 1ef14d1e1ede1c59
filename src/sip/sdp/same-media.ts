import { codecsOf } from './codec.ts';
import { type MediaDescription, parseSdp } from './session-description.ts';

const codecKey = (media: MediaDescription, isCounted: (format: string) => boolean): string =>
  codecsOf(media)
    .filter(({ payloadType }) => isCounted(String(payloadType)))
    .map(({ payloadType, name, clockRate, channels, parameters }) =>
      [payloadType, name, clockRate, channels, parameters ?? ''].join('/'),
    )
    .join(',');

/** Everything of a stream that matters to the peer that sends to it. */
const streamKey = (media: MediaDescription, counted: readonly string[] | undefined): string => {
  if (media.port === 0) return 'refused';
  const { type, port, protocol, formats, address, direction } = media;
  const isCounted = (format: string): boolean => counted?.includes(format) ?? true;
  const listed = formats.filter(isCounted).join(',');
  return [type, address, port, protocol, direction, listed, codecKey(media, isCounted)].join(' ');
};

const mediaKey = (sdp: string, counted: readonly MediaDescription[] | undefined): string =>
  parseSdp(sdp)
    .media.map((media, index) => streamKey(media, counted && (counted[index]?.formats ?? [])))
    .join('\n');

/**
 * Whether two descriptions agree on address, port, codecs and direction of every stream, whatever else differs.
 * @param among a third one, where only the formats that it names count: what its writer may send
 * @throws SdpError where one of them is malformed
 */
export const sameMedia = (a: string, b: string, among?: string): boolean => {
  if (a === b) return true;
  const counted = among === undefined ? undefined : parseSdp(among).media;
  return mediaKey(a, counted) === mediaKey(b, counted);
};
