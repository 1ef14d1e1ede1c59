import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** A program asked for what belongs to a user, without a session; a browser is sent to the login instead. */
export class NotLoggedInError extends AppError {
  readonly code = 'not_logged_in';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('Log in first, at /auth/login.');
  }
}

/** A secret whose time is over, that was erased, or that another session made. */
export class SecretGoneError extends AppError {
  readonly code = 'not_found';
  readonly kind: ErrorKind = 'not-found';
  constructor() {
    super('This secret is not shown any more: it was erased, or made more than ten minutes ago. Make a new one.');
  }
}

/** A form, or the JSON in its place, with fields that are missing or make no sense. */
export class InvalidFieldsError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
}
