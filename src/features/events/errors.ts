import { HttpError } from '../../http/errors.ts';
import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** One grant has as many streams, or requests that wait, as one may have. */
export class TooManyStreamsError extends AppError {
  readonly code = 'too_many_streams';
  readonly kind: ErrorKind = 'limited';
  constructor(most: number, retryAfterSeconds: number) {
    super(`The tokens of one grant may have ${most} streams, and as many requests that wait. Close one of them.`, {
      details: { retryAfterSeconds },
    });
  }
}

/** The tokens of one grant begin anew again and again, and forget where they were. */
export class TooManySnapshotsError extends AppError {
  readonly code = 'rate_limited';
  readonly kind: ErrorKind = 'limited';
  constructor(retryAfterSeconds: number) {
    super('Too many streams began anew. Go on where the last one stopped, by Last-Event-ID.', {
      details: { retryAfterSeconds },
    });
  }
}

/** The service has as many of them as it can serve, or is about to stop. */
export class StreamsUnavailableError extends AppError {
  readonly code = 'streams_unavailable';
  readonly kind: ErrorKind = 'unavailable';
  constructor(message: string, retryAfterSeconds: number) {
    super(message, { details: { retryAfterSeconds } });
  }
}

/** There is one format of a stream. */
export class StreamNotAcceptableError extends HttpError {
  readonly code = 'not_acceptable';
  readonly status = 406;
  constructor() {
    super('There is text/event-stream here.');
  }
}
