import { SdpError } from './errors.ts';

/** Who describes the session (RFC 8866 section 5.2). */
export interface SdpOrigin {
  /** `-` where none is given. */
  readonly username?: string | undefined;
  readonly sessionId: number | string;
  /** Grows by one with every change of the description (RFC 3264 section 8). */
  readonly version: number;
  /** An IP literal, without brackets. */
  readonly address: string;
}

/** Of an IP literal. */
export const addressType = (address: string): 'IP4' | 'IP6' => (address.includes(':') ? 'IP6' : 'IP4');

export const originLine = ({ username = '-', sessionId, version, address }: SdpOrigin): string => {
  const parts = [username, String(sessionId), String(version), 'IN', addressType(address), address];
  if (parts.some((part) => !/^\S+$/.test(part))) throw new SdpError('Blank in an SDP origin');
  return `o=${parts.join(' ')}`;
};

/**
 * The same description with another `o=` line; all other lines stay as they are, byte for byte.
 * @param line without its line break
 * @throws SdpError where there is no `o=` line
 */
export const withOriginLine = (sdp: string, line: string): string => {
  const start = sdp.startsWith('o=') ? 0 : sdp.indexOf('\no=') + 1;
  if (start === 0 && !sdp.startsWith('o=')) throw new SdpError('Malformed SDP origin');
  const lineFeed = sdp.indexOf('\n', start);
  const next = lineFeed === -1 ? sdp.length : lineFeed;
  const end = sdp[next - 1] === '\r' ? next - 1 : next;
  return sdp.slice(0, start) + line + sdp.slice(end);
};

/**
 * The same for an origin.
 * @throws SdpError where there is no `o=` line, or a blank in the origin
 */
export const withOrigin = (sdp: string, origin: SdpOrigin): string => withOriginLine(sdp, originLine(origin));
