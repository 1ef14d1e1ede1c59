import type { SessionMessage } from '../../../sip/user-agent.ts';

/** `application/dtmf-relay` has lines, of which one is `Signal=5`; `application/dtmf` has the key alone. */
const SIGNAL = /^\s*Signal\s*=\s*([0-9*#A-D])\s*$/im;
const ALONE = /^\s*([0-9*#A-D])\s*$/i;

/** The key that an INFO tells of (RFC 2976 as gateways have used it); undefined where it is of something else. */
export const digitOfInfo = ({ method, contentType, body }: SessionMessage): string | undefined => {
  if (method !== 'INFO') return undefined;
  const text = body.toString('latin1');
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/dtmf-relay') return SIGNAL.exec(text)?.[1]?.toUpperCase();
  return type === 'application/dtmf' ? ALONE.exec(text)?.[1]?.toUpperCase() : undefined;
};
