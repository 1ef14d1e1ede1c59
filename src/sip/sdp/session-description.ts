import { type Direction, isDirection } from './direction.ts';
import { SdpError } from './errors.ts';

export interface SdpAttribute {
  readonly name: string;
  readonly value: string;
}

/** One `m=` line with what belongs to it (RFC 8866 section 5.14). */
export interface MediaDescription {
  /** `audio`, `video`, `image` and so on. */
  readonly type: string;
  /** 0 where the stream is refused or over. */
  readonly port: number;
  /** Such as `RTP/AVP`. */
  readonly protocol: string;
  readonly formats: readonly string[];
  /** The address of its own `c=` line, else that of the session. */
  readonly address: string | undefined;
  /** Its own, else that of the session, else `sendrecv`. */
  readonly direction: Direction;
  readonly attributes: readonly SdpAttribute[];
}

export interface SessionDescription {
  /** The value of the `o=` line. */
  readonly origin: string;
  /** The value of the `t=` line: an answer repeats that of the offer (RFC 3264 section 6). */
  readonly timing: string;
  readonly media: readonly MediaDescription[];
}

interface SdpLine {
  readonly type: string;
  readonly value: string;
}

const LINE = /^([a-z])=(.*)$/;
const ORIGIN = /^\S+ \S+ \S+ IN IP[46] \S+$/;
const CONNECTION = /^IN IP[46] ([^\s/]+)/;
/** A port count, as in `49170/2`, is passed over. */
const MEDIA = /^(\S+) +(\d{1,5})(?:\/\d+)? +(\S+) +(\S.*)$/;
const MAX_PORT = 65_535;

const readLines = (sdp: string): SdpLine[] => {
  const lines = sdp.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => {
    const [, type, value] = LINE.exec(line) ?? [];
    if (type === undefined || value === undefined) throw new SdpError('Malformed SDP line');
    return { type, value };
  });
};

const valueOf = (lines: readonly SdpLine[], type: string): string | undefined =>
  lines.find((line) => line.type === type)?.value;

const readAttributes = (lines: readonly SdpLine[]): SdpAttribute[] =>
  lines
    .filter((line) => line.type === 'a')
    .map(({ value }) => {
      const colon = value.indexOf(':');
      if (colon === -1) return { name: value.trim(), value: '' };
      return { name: value.slice(0, colon), value: value.slice(colon + 1) };
    });

const readAddress = (lines: readonly SdpLine[]): string | undefined => {
  const connection = valueOf(lines, 'c');
  if (connection === undefined) return undefined;
  const address = CONNECTION.exec(connection)?.[1];
  if (address === undefined) throw new SdpError('Malformed SDP connection');
  return address;
};

const readDirection = (attributes: readonly SdpAttribute[]): Direction | undefined =>
  attributes.map(({ name }) => name).find(isDirection);

/** What media lines inherit from the part before them. */
type SessionLevel = Pick<MediaDescription, 'address' | 'direction'>;

const readMedia = (section: readonly SdpLine[], session: SessionLevel): MediaDescription => {
  const [, type, port, protocol, formats] = MEDIA.exec(section[0]?.value ?? '') ?? [];
  if (type === undefined || protocol === undefined || formats === undefined || Number(port) > MAX_PORT) {
    throw new SdpError('Malformed SDP media');
  }
  const attributes = readAttributes(section);
  return {
    type,
    port: Number(port),
    protocol,
    formats: formats.trim().split(/ +/),
    address: readAddress(section) ?? session.address,
    direction: readDirection(attributes) ?? session.direction,
    attributes,
  };
};

/** The lines before the first `m=`, then one part for each `m=`. */
const splitSections = (lines: readonly SdpLine[]): SdpLine[][] => {
  const sections: SdpLine[][] = [[]];
  for (const line of lines) {
    if (line.type === 'm') sections.push([]);
    sections.at(-1)?.push(line);
  }
  return sections;
};

/**
 * Reads what offer and answer need; all else is passed over. Takes lines that end with LF alone, too.
 * @throws SdpError where a line that matters is malformed
 */
export const parseSdp = (sdp: string): SessionDescription => {
  const [head = [], ...sections] = splitSections(readLines(sdp));
  if (head[0]?.type !== 'v' || head[0].value.trim() !== '0') throw new SdpError('Not SDP version 0');
  const origin = valueOf(head, 'o')?.trim();
  if (origin === undefined || !ORIGIN.test(origin)) throw new SdpError('Malformed SDP origin');
  const session = {
    address: readAddress(head),
    direction: readDirection(readAttributes(head)) ?? 'sendrecv',
  };
  return {
    origin,
    timing: valueOf(head, 't') ?? '0 0',
    media: sections.map((section) => readMedia(section, session)),
  };
};
