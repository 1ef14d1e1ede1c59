import { readContentLength } from './content-length.ts';
import { SipParseError } from './errors.ts';
import { SipHeaders } from './headers.ts';
import { parseHeaders } from './parse-headers.ts';

/** What a stream brought. */
export type Frame =
  /** One whole message, for `tryParse`. A copy: it stays valid. */
  | { readonly kind: 'message'; readonly data: Buffer }
  /** A double CRLF: to be answered with one CRLF (RFC 5626 sections 3.5.1 and 4.4.1). */
  | { readonly kind: 'ping' }
  /** Where the next message begins cannot be known any more: close the connection. Always the last frame. */
  | { readonly kind: 'broken'; readonly error: SipParseError };

const MAX_HEAD_BYTES = 16_384;
const MAX_MESSAGE_BYTES = 65_536;
const INITIAL_BYTES = 4096;
const CR = 0x0d;
const LINE_BREAK = '\r\n';
const BLANK_LINE = '\r\n\r\n';

const messageLength = (head: Buffer): number => {
  const headers = new SipHeaders();
  const end = head.length - LINE_BREAK.length;
  parseHeaders({ bytes: head, text: undefined, end }, head.indexOf(LINE_BREAK) + LINE_BREAK.length, headers);
  const bodyLength = readContentLength(headers);
  if (bodyLength === undefined) throw new SipParseError('Missing Content-Length');
  if (head.length + bodyLength > MAX_MESSAGE_BYTES) throw new SipParseError('Message Too Large', 513);
  return head.length + bodyLength;
};

/**
 * Cuts a stream into messages by their Content-Length (RFC 3261 section 18.3). Takes chunks of any size and gives the
 * same frames for the same bytes; the cost is linear. Holds at most one message.
 */
export class StreamFramer {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  /** The bytes not yet given out are those of `#buffer` from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  /** No empty line ends before this. */
  #searched = 0;
  /** Of the message at `#start`, known once its head is whole. */
  #length: number | undefined;
  #broken = false;

  /** Whether no message has begun: nothing is held but, at most, the beginning of a ping. */
  get isBetweenMessages(): boolean {
    return this.#end === this.#start || this.#buffer[this.#start] === CR;
  }

  /** Takes the next bytes of the stream. After a `broken` frame it takes no more. */
  push(chunk: Buffer): Frame[] {
    if (this.#broken) return [];
    this.#append(chunk);
    const frames: Frame[] = [];
    try {
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error;
      this.#broken = true;
      frames.push({ kind: 'broken', error });
    }
    return frames;
  }

  #append(chunk: Buffer): void {
    const needed = this.#end - this.#start + chunk.length;
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(needed);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Moves at most half of the buffer's size, so that the bytes moved stay in proportion to the bytes taken. */
  #makeRoom(needed: number): void {
    const fits = needed <= this.#buffer.length / 2;
    const target = fits ? this.#buffer : Buffer.allocUnsafe(Math.max(INITIAL_BYTES, 2 * needed));
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    this.#searched -= this.#start;
    this.#end -= this.#start;
    this.#start = 0;
  }

  #next(): Frame | undefined {
    if (this.#length === undefined) {
      if (this.#takePing()) return { kind: 'ping' };
      this.#length = this.#findLength();
    }
    if (this.#length === undefined || this.#end - this.#start < this.#length) return undefined;
    const data = Buffer.from(this.#buffer.subarray(this.#start, this.#start + this.#length));
    this.#skip(this.#length);
    this.#length = undefined;
    return { kind: 'message', data };
  }

  /** Passes over line breaks between messages, up to a ping. */
  #takePing(): boolean {
    while (this.#startsWith(LINE_BREAK)) {
      if (this.#startsWith(BLANK_LINE)) {
        this.#skip(4);
        return true;
      }
      if (this.#mayBecomePing()) return false;
      this.#skip(2);
    }
    return false;
  }

  #mayBecomePing(): boolean {
    const length = this.#end - this.#start;
    return length === 2 || (length === 3 && this.#buffer[this.#start + 2] === CR);
  }

  #startsWith(text: string): boolean {
    const end = this.#start + text.length;
    return end <= this.#end && this.#buffer.toString('latin1', this.#start, end) === text;
  }

  #findLength(): number | undefined {
    if (this.#end - this.#start < BLANK_LINE.length || this.#startsWith(LINE_BREAK)) return undefined;
    const found = this.#buffer.subarray(0, this.#end).indexOf(BLANK_LINE, this.#searched, 'latin1');
    const headLength = (found === -1 ? this.#end : found + BLANK_LINE.length) - this.#start;
    if (headLength > MAX_HEAD_BYTES) throw new SipParseError('Header Fields Too Large', 513);
    if (found === -1) {
      this.#searched = Math.max(this.#start, this.#end - BLANK_LINE.length + 1);
      return undefined;
    }
    return messageLength(this.#buffer.subarray(this.#start, this.#start + headLength));
  }

  #skip(count: number): void {
    this.#start += count;
    this.#searched = this.#start;
  }
}
