import { isAscii } from 'node:buffer';
import { readContentLength } from './content-length.ts';
import { SipParseError } from './errors.ts';
import type { SipMessage, SipRequest } from './message.ts';
import { type Head, parseHeaders, sliceHead } from './parse-headers.ts';
import { parseStartLine } from './start-line.ts';

/** What became of a datagram, or of one message of a stream. */
export type ParseResult =
  | { readonly kind: 'message'; readonly message: SipMessage }
  /** `answerable`: as much of the request as a response with `error.status` needs. Without it, drop the message. */
  | { readonly kind: 'malformed'; readonly error: SipParseError; readonly answerable: SipRequest | undefined };

const MAX_MESSAGE_BYTES = 65_536;
const CR = 0x0d;
const LF = 0x0a;
const LINE_BREAK = Buffer.from('\r\n');
const BLANK_LINE = '\r\n\r\n';

/** RFC 3261 section 7.5: line breaks before the start line are passed over. */
const messageStart = (datagram: Buffer): number => {
  let at = 0;
  while (datagram[at] === CR && datagram[at + 1] === LF) at += 2;
  return at;
};

/** A head without an empty line is read too, so that the message can be refused. */
const readHead = (datagram: Buffer, blankLine: number): Head => {
  const whole = blankLine !== -1 || datagram.subarray(-2).equals(LINE_BREAK);
  const bytes = whole ? datagram : Buffer.concat([datagram, LINE_BREAK]);
  const end = blankLine === -1 ? bytes.length : blankLine + LINE_BREAK.length;
  return { bytes, text: isAscii(datagram) ? bytes.toString('latin1', 0, end) : undefined, end };
};

/** RFC 3261 section 18.3: a datagram may be longer than its message, but not shorter. */
const readBody = (message: SipMessage, datagram: Buffer, blankLine: number): void => {
  if (blankLine === -1) throw new SipParseError('Missing Empty Line');
  const start = blankLine + BLANK_LINE.length;
  const length = readContentLength(message.headers) ?? datagram.length - start;
  if (length > datagram.length - start) throw new SipParseError('Content-Length Exceeds Message');
  if (length > 0) message.body = datagram.subarray(start, start + length);
};

/**
 * Whether a response can be sent: never to an ACK, and only with a Via that shows the way. The peer matches it by Via
 * and CSeq (RFC 3261 section 17.1.3), so that a request without From, To or Call-ID can be refused too (RFC 4475 3.3.1).
 */
export const isAnswerable = (request: SipRequest): boolean => {
  if (request.method === 'ACK') return false;
  try {
    return request.topVia.host !== '' && request.headers.has('cseq');
  } catch (error) {
    if (error instanceof SipParseError) return false;
    throw error;
  }
};

const malformed = (error: SipParseError, message?: SipMessage): ParseResult => ({
  kind: 'malformed',
  error,
  answerable: message?.kind === 'request' && isAnswerable(message) ? message : undefined,
});

/**
 * Parses one message: a datagram, where bytes behind Content-Length are discarded, or what `StreamFramer` cut out.
 * Never throws. One pass, linear time, at most 64 KiB and 256 header fields. Field values are looked at later, by
 * the getters of the message and by `validateRequest` or `validateResponse`. The body is a view of the datagram.
 */
export const tryParse = (datagram: Buffer): ParseResult => {
  if (datagram.length > MAX_MESSAGE_BYTES) return malformed(new SipParseError('Message Too Large', 513));
  const start = messageStart(datagram);
  const blankLine = datagram.indexOf(BLANK_LINE, start, 'latin1');
  const head = readHead(datagram, blankLine);
  const lineEnd = head.bytes.indexOf(LINE_BREAK, start);
  const { message, fault } = parseStartLine(sliceHead(head, start, lineEnd));
  if (message === undefined) return malformed(fault);
  const headerFault = parseHeaders(head, lineEnd + 2, message.headers);
  try {
    if (fault !== undefined) throw fault;
    if (headerFault !== undefined) throw headerFault;
    readBody(message, datagram, blankLine);
    return { kind: 'message', message };
  } catch (error) {
    if (error instanceof SipParseError) return malformed(error, message);
    throw error;
  }
};

/**
 * As `tryParse`, for bytes that are known to be a message.
 * @throws SipParseError where they are none
 */
export const parseMessage = (datagram: Buffer): SipMessage => {
  const result = tryParse(datagram);
  if (result.kind === 'malformed') throw result.error;
  return result.message;
};
