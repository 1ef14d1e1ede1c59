import { AppError, type ErrorKind } from '../shared/errors.ts';

/** Where a requester stands within a limit. */
export interface RateStanding {
  /** What is counted. */
  readonly policy: 'calls' | 'reads';
  /** So many at once. */
  readonly quota: number;
  /** In so many seconds as many come back. */
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until all are there again; after a refusal, until there is one. */
  readonly resetSeconds: number;
}

export class InvalidNumberError extends AppError {
  readonly code = 'invalid_number';
  readonly kind: ErrorKind = 'invalid';
}

/** A field of the command is missing or wrong; `details.field` names it. */
export class InvalidCommandError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
}

/** The call does not exist, or belongs to another user: the two look the same. 409, as the API documents it. */
export class CallNotFoundError extends AppError {
  readonly code = 'call_not_found';
  readonly kind: ErrorKind = 'conflict';
  constructor() {
    super('There is no such call among your calls.');
  }
}

export class NoPhoneError extends AppError {
  readonly code = 'no_phone';
  readonly kind: ErrorKind = 'conflict';
}

export class DestinationBarredError extends AppError {
  readonly code = 'destination_barred';
  readonly kind: ErrorKind = 'forbidden';
}

export class CallerIdNotAllowedError extends AppError {
  readonly code = 'caller_id_not_allowed';
  readonly kind: ErrorKind = 'forbidden';
}

export class TooManyCallsError extends AppError {
  readonly code = 'too_many_calls';
  readonly kind: ErrorKind = 'conflict';
}

/** `details.retryAfterSeconds` tells when to come back. */
export class RateLimitedError extends AppError {
  readonly code = 'rate_limited';
  readonly kind: ErrorKind = 'limited';
  readonly standing: RateStanding;
  constructor(standing: RateStanding) {
    super('There were too many requests.', { details: { retryAfterSeconds: standing.resetSeconds } });
    this.standing = standing;
  }
}

export class IdempotencyConflictError extends AppError {
  readonly code = 'idempotency_conflict';
  readonly kind: ErrorKind = 'conflict';
}

/** No route to the destination, or the engine is not running. */
export class EngineUnavailableError extends AppError {
  readonly code = 'engine_unavailable';
  readonly kind: ErrorKind = 'unavailable';
}

/** No route leads to the destination: it is as missing a moment later. */
export class NoRouteError extends EngineUnavailableError {
  constructor() {
    super('There is no route to the destination now.');
  }
}

/** Every trunk to the destination has as many calls as it takes. */
export class TrunkFullError extends AppError {
  readonly code = 'trunk_full';
  readonly kind: ErrorKind = 'unavailable';
  constructor() {
    super('All lines to the destination are taken now.', {
      details: { reason: 'trunk-full', retryAfterSeconds: 5 },
    });
  }
}

/** There are more calls than can be served in time. `details.retryAfterSeconds` tells when to come back. */
export class AdmissionRefusedError extends EngineUnavailableError {
  constructor(retryAfterSeconds: number) {
    super('More calls are being placed than can be served. This one was not begun: ask again later.', {
      details: { retryAfterSeconds },
    });
  }
}

/** What a test call was to measure was lost on our side: no port for its media, or their thread. */
export class NotMeasuredError extends AppError {
  readonly code = 'not_measured';
  readonly kind: ErrorKind = 'unavailable';
  constructor(cause: unknown) {
    super('What the test phone heard could not be measured.', { cause });
  }
}

/** The journal says that another node carries the call, or that it was closed: this process has no say in it any more. */
export class CallNotCarriedError extends AppError {
  readonly code = 'call_not_carried';
  readonly kind: ErrorKind = 'unavailable';
  constructor() {
    super('The call is carried elsewhere. Ask again.', { details: { retryAfterSeconds: 1 } });
  }
}

/** The call is being hung up, but that it ended could not be stored yet. It is tried again without further asking. */
export class EndNotJournalledError extends AppError {
  readonly code = 'end_not_stored';
  readonly kind: ErrorKind = 'unavailable';
  constructor(cause: unknown) {
    const message =
      'The call is being hung up. That could not be stored yet, and is tried again: ask again for its record.';
    super(message, { cause, details: { retryAfterSeconds: 5 } });
  }
}

/** The node that carries the call does not answer. It will find that the call is to end. */
export class NodeUnreachableError extends AppError {
  readonly code = 'node_unreachable';
  readonly kind: ErrorKind = 'unavailable';
  constructor() {
    super('The call will be ended by the process that carries it, which does not answer at the moment.', {
      details: { retryAfterSeconds: 5 },
    });
  }
}
