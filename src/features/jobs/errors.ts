import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** There is no such project, job, run or sound, or it is another user's: the two look the same. */
export class JobsNotFoundError extends AppError {
  readonly code = 'not_found';
  readonly kind: ErrorKind = 'not-found';
  constructor(what: 'project' | 'job' | 'test run' | 'sound') {
    super(`There is no such ${what} among yours.`);
  }
}

/** A project cannot be stored; `details.field` is the path of the mistake, such as `scripts[3].steps[1].dtmf`. */
export class InvalidProjectError extends AppError {
  readonly code = 'invalid_project';
  readonly kind: ErrorKind = 'invalid';
  constructor(field: string, message: string, cause?: unknown) {
    super(`${field}: ${message}`, { details: { field }, cause });
  }
}

/** A script calls what may not be called; `details.field` is the path of the number. */
export class BarredScriptError extends AppError {
  readonly code = 'destination_barred';
  readonly kind: ErrorKind = 'forbidden';
  constructor(field: string, cause: AppError) {
    super(`${field}: ${cause.message}`, { details: { ...cause.details, field }, cause });
  }
}

/** The job is queued or running, and can be repeated once it is over. */
export class JobUnderWayError extends AppError {
  readonly code = 'job_under_way';
  readonly kind: ErrorKind = 'conflict';
  constructor() {
    super('The job is queued or running. Restart it once it is over, or cancel it.');
  }
}

/** The user has as many projects, queued jobs or sounds as are kept. */
export class TooManyJobsError extends AppError {
  readonly code = 'too_many_jobs';
  readonly kind: ErrorKind = 'conflict';
}

/** The file is no sound that can be played. */
export class InvalidSoundError extends AppError {
  readonly code = 'invalid_sound';
  readonly kind: ErrorKind = 'invalid';
}
