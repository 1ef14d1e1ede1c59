import { SipPrintError } from './errors.ts';
import { isToken } from './grammar.ts';
import { isUsual, spelling } from './header-names.ts';
import type { SipMessage } from './message.ts';

const LINE_BREAK = /[\r\n]/;
const BLANK = /\s/;

const startLine = (message: SipMessage): string => {
  if (message.kind === 'response') {
    if (LINE_BREAK.test(message.reasonPhrase)) throw new SipPrintError('Line break in a reason phrase');
    return `SIP/2.0 ${message.status} ${message.reasonPhrase}\r\n`;
  }
  if (!isToken(message.method)) throw new SipPrintError('Method that is no token');
  if (message.uri === '' || BLANK.test(message.uri)) throw new SipPrintError('Blank in a Request-URI');
  return `${message.method} ${message.uri} SIP/2.0\r\n`;
};

const field = (name: string, value: string): string => {
  if (LINE_BREAK.test(value)) throw new SipPrintError(`Line break in the header field ${spelling(name)}`);
  if (!isUsual(name) && !isToken(name)) throw new SipPrintError('Header field name that is no token');
  return `${spelling(name)}: ${value}\r\n`;
};

/**
 * The message as it goes over the wire. Content-Length is always ours and last.
 * @throws SipPrintError where a value would break out of its line
 */
export const printMessage = (message: SipMessage): Buffer => {
  let head = startLine(message);
  message.headers.forEach((name, value) => {
    if (name !== 'content-length') head += field(name, value);
  });
  head += `Content-Length: ${message.body.length}\r\n\r\n`;
  const headLength = Buffer.byteLength(head);
  const data = Buffer.allocUnsafe(headLength + message.body.length);
  data.write(head, headLength === head.length ? 'latin1' : 'utf8');
  message.body.copy(data, headLength);
  return data;
};
