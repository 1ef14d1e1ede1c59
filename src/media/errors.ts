import { AppError } from '../shared/errors.ts';

/** No port of the configured address and range could be bound. */
export class NoMediaPortError extends AppError {
  readonly code = 'no_media_port';
  readonly kind = 'unavailable';

  constructor(cause?: unknown) {
    super('No port is free for media.', { cause });
  }
}
