import { AppError } from '../shared/errors.ts';

/** No port of the configured address and range could be bound. */
export class NoMediaPortError extends AppError {
  readonly code = 'no_media_port';
  readonly kind = 'unavailable';

  constructor(cause?: unknown) {
    super('No port is free for media.', { cause });
  }
}

/** The thread that hears or measures for the test phones has ended. */
export class MediaThreadLostError extends AppError {
  readonly code = 'media_thread_lost';
  readonly kind = 'unavailable';

  constructor(cause?: unknown) {
    super('The thread of the test phones was lost.', { cause });
  }
}

/** What was to be measured or read made the analysis fail: a fault of ours, and of this one alone. */
export class NotAnalysedError extends AppError {
  readonly code = 'not_analysed';
  readonly kind = 'unavailable';

  constructor(cause?: unknown) {
    super('It could not be analysed.', { cause });
  }
}
