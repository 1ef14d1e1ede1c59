import { SipParseError } from './errors.ts';
import { isToken } from './grammar.ts';
import { type SipMessage, SipRequest, SipResponse } from './message.ts';

/** A message that has nothing but its start line yet. With a fault, it is what a request was probably meant to be. */
export type StartLine =
  | { readonly message: SipMessage; readonly fault: SipParseError | undefined }
  | { readonly message: undefined; readonly fault: SipParseError };

const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i;
const VERSION = /^SIP\/\d+\.\d+$/i;
const BLANK = /\s/;

const DIGIT_0 = 0x30;
const SPACE = 0x20;

const digitAt = (text: string, at: number): number => {
  const digit = text.charCodeAt(at) - DIGIT_0;
  return digit >= 0 && digit <= 9 ? digit : NaN;
};

/** A status line as nearly all are written, without the expression; undefined for any other. */
const parsePlainStatusLine = (line: string): SipResponse | undefined => {
  if (!line.startsWith('SIP/2.0 ') || line.charCodeAt(11) !== SPACE) return undefined;
  const status = digitAt(line, 8) * 100 + digitAt(line, 9) * 10 + digitAt(line, 10);
  return status >= 100 && status < 700 && isPrintable(line) ? new SipResponse(status, line.slice(12)) : undefined;
};

const isPrintable = (line: string): boolean => {
  for (let at = 0; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
};

const parseStatusLine = (line: string): StartLine => {
  const plain = parsePlainStatusLine(line);
  if (plain !== undefined) return { message: plain, fault: undefined };
  const match = STATUS_LINE.exec(line);
  if (match === null) return { message: undefined, fault: new SipParseError('Malformed Status-Line') };
  return { message: new SipResponse(Number(match[1]), match[2] ?? ''), fault: undefined };
};

const requestLineFault = (uri: string, version: string): SipParseError | undefined => {
  if (uri === '' || BLANK.test(uri)) return new SipParseError('Malformed Request-URI');
  if (version === 'SIP/2.0') return undefined;
  if (!VERSION.test(version)) return new SipParseError('Malformed Request-Line');
  return version.toUpperCase() === 'SIP/2.0' ? undefined : new SipParseError('Version Not Supported', 505);
};

const parseRequestLine = (line: string): StartLine => {
  const methodEnd = line.indexOf(' ');
  const method = line.slice(0, Math.max(methodEnd, 0));
  if (!isToken(method)) return { message: undefined, fault: new SipParseError('Malformed Request-Line') };
  const uriEnd = Math.max(line.lastIndexOf(' '), methodEnd + 1);
  const uri = line.slice(methodEnd + 1, uriEnd);
  return { message: new SipRequest(method, uri), fault: requestLineFault(uri, line.slice(uriEnd + 1)) };
};

/** RFC 3261 sections 7.1 and 7.2: exactly one space between the parts. A reason phrase may be empty. */
export const parseStartLine = (line: string): StartLine =>
  line.startsWith('SIP/') || line.slice(0, 4).toUpperCase() === 'SIP/' ? parseStatusLine(line) : parseRequestLine(line);
