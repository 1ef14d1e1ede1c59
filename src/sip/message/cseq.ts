import { SipParseError } from './errors.ts';

/** RFC 3261 section 20.16. */
export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

const CSEQ = /^(\d+)[ \t]+([\w\-.!%*+`'~]+)$/;
const MAX_SEQUENCE = 2 ** 31 - 1;

/** @throws {SipParseError} on bad syntax and on a number that is not below 2^31 (RFC 3261 section 8.1.1.5) */
export const parseCSeq = (value: string): CSeq => {
  const [, digits, method] = CSEQ.exec(value) ?? [];
  if (method === undefined) throw new SipParseError('Malformed CSeq');
  const sequence = Number(digits);
  if (sequence > MAX_SEQUENCE) throw new SipParseError('CSeq Out Of Range');
  return { sequence, method };
};

export const formatCSeq = ({ sequence, method }: CSeq): string => `${sequence} ${method}`;
