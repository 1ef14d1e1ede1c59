import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** A webhook cannot be made like that; `details.field` names what is wrong. */
export class InvalidWebhookError extends AppError {
  readonly code = 'invalid_request';
  readonly kind: ErrorKind = 'invalid';
  constructor(field: string, message: string) {
    super(`${field}: ${message}`, { details: { field } });
  }
}

/** There is none, or it is another application's: the two look the same. */
export class WebhookNotFoundError extends AppError {
  readonly code = 'webhook_not_found';
  readonly kind: ErrorKind = 'not-found';
  constructor(what: 'webhook' | 'delivery' = 'webhook') {
    super(`This application has no such ${what}.`);
  }
}

export class TooManyWebhooksError extends AppError {
  readonly code = 'too_many_webhooks';
  readonly kind: ErrorKind = 'conflict';
  constructor(most: number) {
    super(`This application has ${most} webhooks, and no more are possible: delete one first.`);
  }
}

/** What was asked for cannot be sent now. */
export class WebhookDisabledError extends AppError {
  readonly code = 'webhook_disabled';
  readonly kind: ErrorKind = 'conflict';
  constructor() {
    super('The webhook is disabled: enable it first.');
  }
}
