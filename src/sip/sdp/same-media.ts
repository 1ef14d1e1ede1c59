import { codecsOf } from './codec.ts';
import { parseSdp, type MediaDescription } from './session-description.ts';

const codecKey = (media: MediaDescription): string =>
  codecsOf(media)
    .map(({ payloadType, name, clockRate, channels, parameters }) =>
      [payloadType, name, clockRate, channels, parameters ?? ''].join('/'),
    )
    .join(',');

/** Everything of a stream that matters to whoever sends to it. */
const streamKey = (media: MediaDescription): string => {
  if (media.port === 0) return 'refused';
  const { type, port, protocol, formats, address, direction } = media;
  return [type, address, port, protocol, direction, formats.join(','), codecKey(media)].join(' ');
};

const mediaKey = (sdp: string): string => parseSdp(sdp).media.map(streamKey).join('\n');

/**
 * Whether two descriptions agree on address, port, codecs and direction of every stream, whatever else differs.
 * @throws {SdpError} where one of them is malformed
 */
export const sameMedia = (a: string, b: string): boolean => a === b || mediaKey(a) === mediaKey(b);
