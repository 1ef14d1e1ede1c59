import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** A REGISTER that cannot be carried out (RFC 3261 section 10.3). */
export class RegistrationError extends AppError {
  readonly code = 'registration_refused';
  readonly kind: ErrorKind = 'invalid';
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];

  constructor(status: number, message: string, headers: RegistrationError['headers'] = []) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
