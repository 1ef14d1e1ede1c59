import { SipParseError } from './errors.ts';
import type { SipHeaders } from './headers.ts';

const NAME = 'content-length';

/**
 * @returns undefined where the field is absent (RFC 3261 section 20.14)
 * @throws SipParseError where it is no number, or several disagree
 */
export const readContentLength = (headers: SipHeaders): number | undefined => {
  const first = headers.get(NAME);
  if (first === undefined) return undefined;
  if (!/^\d{1,9}$/.test(first)) throw new SipParseError('Malformed Content-Length');
  const length = Number(first);
  let at = headers.indexOf(NAME);
  while ((at = headers.indexOf(NAME, at + 1)) !== -1) {
    const other = headers.valueAt(at);
    if (other !== first && Number(other) !== length) throw new SipParseError('Conflicting Content-Length');
  }
  return length;
};
