import { SipParseError } from './errors.ts';
import { isBlank, isToken, skipBlanks } from './grammar.ts';
import { SipHeaders } from './headers.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import { parseVia, splitList, type Via } from './via.ts';

const EMPTY = Buffer.alloc(0);

/** RFC 3261 section 20.16. */
export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

const ALL_DIGITS = /^\d+$/;
const MAX_SEQUENCE = 2 ** 31 - 1;

/** The index of the first blank, or the end of the text. */
const blankAt = (text: string): number => {
  let at = 0;
  while (at < text.length && !isBlank(text.charCodeAt(at))) at += 1;
  return at;
};

/**
 * Reads a CSeq.
 * @throws SipParseError on bad syntax and on a number that is not below 2^31 (RFC 3261 section 8.1.1.5)
 */
export const parseCSeq = (value: string): CSeq => {
  const blank = blankAt(value);
  const digits = value.slice(0, blank);
  const method = value.slice(skipBlanks(value, blank));
  if (!ALL_DIGITS.test(digits) || !isToken(method)) throw new SipParseError('Malformed CSeq');
  const sequence = Number(digits);
  if (sequence > MAX_SEQUENCE) throw new SipParseError('CSeq Out Of Range');
  return { sequence, method };
};

/**
 * What requests and responses share: headers, body, and the fields that every layer reads, parsed when first asked for
 * and kept. The getters throw `SipParseError` on a field that is missing or malformed: `validate` finds these
 * before any layer above the transport sees the message.
 */
abstract class SipMessageBase {
  readonly headers: SipHeaders;
  body: Buffer;
  #cseq: CSeq | undefined;
  #from: NameAddr | undefined;
  #to: NameAddr | undefined;
  #topVia: Via | undefined;

  constructor(headers: SipHeaders = new SipHeaders(), body: Buffer = EMPTY) {
    this.headers = headers;
    this.body = body;
  }

  get callId(): string {
    return this.headers.get('call-id') ?? '';
  }

  get cseq(): CSeq {
    return (this.#cseq ??= parseCSeq(this.headers.get('cseq') ?? ''));
  }

  get from(): NameAddr {
    return (this.#from ??= parseNameAddr(this.headers.get('from') ?? ''));
  }

  get to(): NameAddr {
    return (this.#to ??= parseNameAddr(this.headers.get('to') ?? ''));
  }

  /** The uppermost Via value, also where several share one field. */
  get topVia(): Via {
    return (this.#topVia ??= parseVia(splitList(this.headers.get('via') ?? '')[0] ?? ''));
  }

  /** To be called after a change of `via`, `from`, `to` or `cseq` in headers that were read before. */
  forgetParsed(): void {
    this.#cseq = this.#from = this.#to = this.#topVia = undefined;
  }
}

/** A request (RFC 3261 section 7.1). */
export class SipRequest extends SipMessageBase {
  readonly kind = 'request';
  readonly method: string;
  /** The Request-URI as it came. */
  uri: string;

  constructor(method: string, uri: string, headers?: SipHeaders, body?: Buffer) {
    super(headers, body);
    this.method = method;
    this.uri = uri;
  }
}

/** A response (RFC 3261 section 7.2). */
export class SipResponse extends SipMessageBase {
  readonly kind = 'response';
  readonly status: number;
  readonly reasonPhrase: string;

  constructor(status: number, reasonPhrase: string, headers?: SipHeaders, body?: Buffer) {
    super(headers, body);
    this.status = status;
    this.reasonPhrase = reasonPhrase;
  }
}

export type SipMessage = SipRequest | SipResponse;
