import { type OwnCodec, ownCodecs } from './codec.ts';
import type { Direction } from './direction.ts';
import { addressType, originLine, type SdpOrigin } from './origin.ts';

export interface AudioSdpOptions extends SdpOrigin {
  readonly port: number;
  /** `sendrecv` where none is given. */
  readonly direction?: Direction | undefined;
  /** In order of preference; all of ours where none are given. */
  readonly codecs?: readonly OwnCodec[] | undefined;
}

const PAYLOAD_TYPES: Readonly<Record<OwnCodec, number>> = { PCMU: 0, PCMA: 8, 'telephone-event': 101 };

/** The lines of an accepted audio stream. */
export const audioLines = (options: {
  readonly port: number;
  readonly direction: Direction;
  readonly codecs: readonly { readonly payloadType: number; readonly name: string }[];
}): string[] => {
  const lines = [`m=audio ${options.port} RTP/AVP ${options.codecs.map((codec) => codec.payloadType).join(' ')}`];
  for (const { payloadType, name } of options.codecs) {
    lines.push(`a=rtpmap:${payloadType} ${name}/8000`);
    // RFC 4733 section 2.4.1: the sixteen keys of a telephone.
    if (name === 'telephone-event') lines.push(`a=fmtp:${payloadType} 0-15`);
  }
  return [...lines, `a=${options.direction}`];
};

/** The lines of a session before its media. */
export const sessionLines = (origin: SdpOrigin, timing: string): string[] => [
  'v=0',
  originLine(origin),
  's=-',
  `c=IN ${addressType(origin.address)} ${origin.address}`,
  `t=${timing}`,
];

export const joinLines = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

/**
 * An offer of one audio stream at `address` and `port`: G.711 and telephone events at fixed payload types 0, 8, 101.
 * @throws SdpError on an address or a user name with a blank in it
 */
export const createAudioSdp = (options: AudioSdpOptions): string => {
  const codecs = (options.codecs ?? ownCodecs).map((name) => ({ name, payloadType: PAYLOAD_TYPES[name] }));
  const { port, direction = 'sendrecv' } = options;
  return joinLines([...sessionLines(options, '0 0'), ...audioLines({ port, direction, codecs })]);
};
