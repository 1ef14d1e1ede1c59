import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** A listener that could not be opened. */
export class ListenError extends AppError {
  readonly code = 'sip_listen_failed';
  readonly kind: ErrorKind = 'unavailable';
}

/** A message that could not be handed to its peer. */
export class SendError extends AppError {
  readonly code = 'sip_send_failed';
  readonly kind: ErrorKind = 'unavailable';
}

/** No server was found for a URI (RFC 3263). */
export class LocateError extends AppError {
  readonly code = 'sip_not_located';
  readonly kind: ErrorKind = 'unavailable';
}
