import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** A program asked for what belongs to a user, without a session; a browser is sent to the login instead. */
export class NotLoggedInError extends AppError {
  readonly code = 'not_logged_in';
  readonly kind: ErrorKind = 'unauthenticated';
  constructor() {
    super('Log in first, at /auth/login.');
  }
}

/** A form, or the JSON in its place, with fields that are missing or make no sense. */
export class InvalidFieldsError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
}
