import { isIPv6 } from 'node:net';
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

export const addressType = (address: string): 'IP4' | 'IP6' => (isIPv6(address) ? 'IP6' : 'IP4');

export const originLine = ({ username = '-', sessionId, version, address }: SdpOrigin): string => {
  const parts = [username, String(sessionId), String(version), 'IN', addressType(address), address];
  if (parts.some((part) => !/^\S+$/.test(part))) throw new SdpError('Blank in an SDP origin');
  return `o=${parts.join(' ')}`;
};

const ORIGIN_LINE = /^o=[^\r\n]*/m;

/**
 * The same description under another origin; all other lines stay as they are, byte for byte.
 * @throws SdpError where there is no `o=` line
 */
export const withOrigin = (sdp: string, origin: SdpOrigin): string => {
  const line = originLine(origin);
  if (!ORIGIN_LINE.test(sdp)) throw new SdpError('Malformed SDP origin');
  return sdp.replace(ORIGIN_LINE, () => line);
};
