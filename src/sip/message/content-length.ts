import { SipParseError } from './errors.ts';
import type { SipHeaders } from './headers.ts';

/**
 * @returns undefined where the field is absent (RFC 3261 section 20.14)
 * @throws SipParseError where it is no number, or several disagree
 */
export const readContentLength = (headers: SipHeaders): number | undefined => {
  const first = headers.get('content-length');
  if (first === undefined) return undefined;
  if (!/^\d{1,9}$/.test(first)) throw new SipParseError('Malformed Content-Length');
  const length = Number(first);
  headers.forEach((name, value) => {
    if (name === 'content-length' && value !== first && Number(value) !== length) {
      throw new SipParseError('Conflicting Content-Length');
    }
  });
  return length;
};
