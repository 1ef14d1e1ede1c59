import { SipPrintError } from './errors.ts';
import { isToken } from './grammar.ts';
import { longNames, spelling } from './header-names.ts';
import type { SipMessage } from './message.ts';

const BLANK = /\s/;

const breaksLine = (text: string): boolean => text.includes('\n') || text.includes('\r');

/** Without its line break: that belongs to the field behind it. */
const startLine = (message: SipMessage): string => {
  if (message.kind === 'response') {
    if (breaksLine(message.reasonPhrase)) throw new SipPrintError('Line break in a reason phrase');
    return `SIP/2.0 ${message.status} ${message.reasonPhrase}`;
  }
  if (!isToken(message.method)) throw new SipPrintError('Method that is no token');
  if (message.uri === '' || BLANK.test(message.uri)) throw new SipPrintError('Blank in a Request-URI');
  return `${message.method} ${message.uri} SIP/2.0`;
};

/** What stands before the value of a usual field. */
const starts = new Map(longNames.map((name) => [name, `\r\n${spelling(name)}: `]));

const fieldStart = (name: string): string => {
  if (!isToken(name)) throw new SipPrintError('Header field name that is no token');
  return `\r\n${spelling(name)}: `;
};

/**
 * The message as it goes over the wire. Content-Length is always ours and last.
 * @throws SipPrintError where a value would break out of its line
 */
export const printMessage = (message: SipMessage): Buffer => {
  const { headers, body } = message;
  let head = startLine(message);
  for (let index = 0; index < headers.size; index += 1) {
    const name = headers.nameAt(index);
    if (name === 'content-length') continue;
    const value = headers.valueAt(index);
    if (breaksLine(value)) throw new SipPrintError(`Line break in the header field ${spelling(name)}`);
    // Two pieces a field: each one more is an allocation.
    head = head + (starts.get(name) ?? fieldStart(name)) + value;
  }
  head = `${head}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const headLength = Buffer.byteLength(head);
  const data = Buffer.allocUnsafe(headLength + body.length);
  data.write(head, headLength === head.length ? 'latin1' : 'utf8');
  if (body.length > 0) body.copy(data, headLength);
  return data;
};
