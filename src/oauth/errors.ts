import { AppError, type ErrorKind } from '../shared/errors.ts';

/** RFC 6750 section 3.1, `invalid_token`. Says no more than that: the reason helps only an attacker. */
export class InvalidTokenError extends AppError {
  readonly code = 'invalid_token';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('The access token is not valid.');
  }
}

/** No credentials at all: the challenge is bare (RFC 6750 section 3). */
export class MissingTokenError extends AppError {
  readonly code = 'unauthorized';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('An access token is required.');
  }
}

/** RFC 6750 section 3.1, `insufficient_scope`; `details.scope` names a scope that would do. */
export class InsufficientScopeError extends AppError {
  readonly code = 'insufficient_scope';
  readonly kind: ErrorKind = 'forbidden';
}

/** RFC 6749 sections 4.1.2.1 and 5.2. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope';

/** What an OAuth endpoint refuses, in the words of RFC 6749. The message goes out as `error_description`. */
export class OAuthError extends AppError {
  readonly code: OAuthErrorCode;
  readonly kind: ErrorKind;
  constructor(code: OAuthErrorCode, message: string) {
    super(message);
    this.code = code;
    this.kind = code === 'invalid_client' ? 'unauthenticated' : 'invalid';
  }
}

/** An authorization request whose client or address cannot be trusted: told to the person, never redirected. */
export class UntrustedRequestError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
}

/** A wrong password, an unknown user and a disabled one look the same. */
export class WrongCredentialsError extends AppError {
  readonly code = 'wrong_credentials';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('The username or the password is not right.');
  }
}

/** Too many failed logins of an account or from an address. `retryAfterSeconds` is for the header of that name. */
export class LoginLimitedError extends AppError {
  readonly code = 'rate_limited';
  readonly kind: ErrorKind = 'limited';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('Too many failed logins. Try again later.', { details: { retryAfterSeconds } });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A user or client that an administrator described wrongly, or that exists already. */
export class InvalidAccountError extends AppError {
  readonly code = 'invalid_account';
  readonly kind: ErrorKind = 'invalid';
}

/** A user or client that does not exist. */
export class UnknownAccountError extends AppError {
  readonly code = 'account_not_found';
  readonly kind: ErrorKind = 'not-found';
}
