import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** What a request with that fault earns: bad syntax, another version of SIP, or more than we read. */
export type ParseFailureStatus = 400 | 505 | 513;

/** A message or a part of one that is not SIP as RFC 3261 section 25 has it. The only error that parsing throws. */
export class SipParseError extends AppError {
  readonly code = 'sip_malformed';
  readonly kind: ErrorKind = 'invalid';
  /** Plain ASCII without a word of the input: it may be the reason phrase of the response. */
  readonly reason: string;
  readonly status: ParseFailureStatus;

  constructor(reason: string, status: ParseFailureStatus = 400) {
    super(reason);
    this.reason = reason;
    this.status = status;
  }
}

/** A message of ours that would not be SIP on the wire, such as a header value with a line break in it. */
export class SipPrintError extends AppError {
  readonly code = 'sip_unprintable';
  readonly kind: ErrorKind = 'invalid';
}
