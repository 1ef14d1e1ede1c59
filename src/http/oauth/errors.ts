import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** No credentials at all: the challenge is bare (RFC 6750 section 3). */
export class MissingTokenError extends AppError {
  readonly code = 'unauthorized';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('An access token is required.');
  }
}

/** The token came in more than one way: RFC 6750 section 3.1, `invalid_request`. */
export class TokenSentTwiceError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
  constructor() {
    super('The access token was sent more than once.');
  }
}

/** A page of another site had a browser send credentials here. */
export class ForeignOriginError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'forbidden';
  constructor() {
    super('This grant is not for pages of other sites.');
  }
}
