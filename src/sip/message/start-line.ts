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

const parseStatusLine = (line: string): StartLine => {
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
  line.slice(0, 4).toUpperCase() === 'SIP/' ? parseStatusLine(line) : parseRequestLine(line);
