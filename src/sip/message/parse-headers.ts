import { SipParseError } from './errors.ts';
import { isBlank, isTokenCode } from './grammar.ts';
import type { SipHeaders } from './headers.ts';
import { findKnownField, hashStep } from './known-fields.ts';

/** The lines of a message before its body. */
export interface Head {
  readonly bytes: Buffer;
  /** The bytes as text, character for byte, where all are ASCII; undefined where they have to be decoded. */
  readonly text: string | undefined;
  /** Where the head ends, behind a CRLF. */
  readonly end: number;
}

const MAX_FIELDS = 256;
const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
const FOLD = /\r\n[ \t]+/g;

export const sliceHead = ({ bytes, text }: Head, from: number, to: number): string =>
  text === undefined ? bytes.toString('utf8', from, to) : text.slice(from, to);

/** Walks over the fields, byte by byte: reading bytes is several times as fast as reading the characters of a string. */
class FieldReader {
  readonly #head: Head;
  readonly #bytes: Buffer;
  #at: number;
  /** Line breaks that were no CRLF. */
  #strayBreaks = 0;

  constructor(head: Head, from: number) {
    this.#head = head;
    this.#bytes = head.bytes;
    this.#at = from;
  }

  get atEnd(): boolean {
    return this.#at >= this.#head.end;
  }

  /** Reads one field; a faulty one is left out. @returns its fault */
  readInto(headers: SipHeaders): string | undefined {
    const name = this.#readName();
    const value = this.#readValue();
    if (name === undefined) return 'Malformed Header Field';
    if (value === undefined) return 'Stray Line Break';
    headers.append(name, value);
    return undefined;
  }

  #readName(): string | undefined {
    const bytes = this.#bytes;
    const from = this.#at;
    let to = from;
    let hash = 0;
    for (let code = bytes[to] ?? CR; isTokenCode(code); code = bytes[to] ?? CR) {
      hash = hashStep(hash, code);
      to += 1;
    }
    this.#at = to;
    this.#skipBlanks();
    if (to === from || this.#code(this.#at) !== COLON) return undefined;
    this.#at += 1;
    return findKnownField(this.#bytes, from, to, hash) ?? sliceHead(this.#head, from, to).toLowerCase();
  }

  #readValue(): string | undefined {
    const strayBefore = this.#strayBreaks;
    this.#skipBlanks();
    const from = this.#at;
    this.#skipLine();
    const firstLineEnd = this.#at;
    while (isBlank(this.#code(this.#at + 2))) {
      this.#at += 2;
      this.#skipLine();
    }
    let to = this.#at;
    const isFolded = to > firstLineEnd;
    while (to > from && isBlank(this.#code(to - 1))) to -= 1;
    this.#at += 2;
    if (this.#strayBreaks > strayBefore) return undefined;
    const value = sliceHead(this.#head, from, to);
    return isFolded ? value.replace(FOLD, ' ').trim() : value;
  }

  /** To the CRLF that ends the line. */
  #skipLine(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (;;) {
      // The hot loop of the parser: most bytes of a message pass here.
      while ((bytes[at] ?? 0) > CR) at += 1;
      const code = this.#code(at);
      if (code === CR && this.#code(at + 1) === LF) break;
      if (code === CR || code === LF) this.#strayBreaks += 1;
      at += 1;
    }
    this.#at = at;
  }

  #skipBlanks(): void {
    while (isBlank(this.#code(this.#at))) this.#at += 1;
  }

  /** The end reads as an empty line, so that no loop runs over it. */
  #code(at: number): number {
    return this.#bytes[at] ?? CR;
  }
}

/**
 * Reads the fields from `from` on. Goes on behind a malformed field, so that a response can still be built.
 * @returns the first fault, if any
 */
export const parseHeaders = (head: Head, from: number, headers: SipHeaders): SipParseError | undefined => {
  const reader = new FieldReader(head, from);
  let reason: string | undefined;
  for (let count = 0; !reader.atEnd; count += 1) {
    if (count === MAX_FIELDS) return new SipParseError('Too Many Header Fields', 513);
    const fault = reader.readInto(headers);
    reason ??= fault;
  }
  return reason === undefined ? undefined : new SipParseError(reason);
};
