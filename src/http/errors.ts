import { AppError, type AppErrorOptions, type ErrorKind } from '../shared/errors.ts';

/** A refusal that belongs to HTTP itself and has a status of its own. */
export abstract class HttpError extends AppError {
  readonly kind: ErrorKind = 'invalid';
  abstract readonly status: number;
  /** Headers that the status asks for. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    message: string,
    options: AppErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options);
    this.headers = options.headers ?? {};
  }
}

/** The request cannot be read: RFC 9110 section 15.5.1. */
export class InvalidRequestError extends HttpError {
  readonly code = 'invalid_request';
  readonly status = 400;
}

export class NotFoundError extends HttpError {
  readonly code = 'not_found';
  readonly status = 404;
  constructor() {
    super('There is nothing at this address.');
  }
}

/** RFC 9110 section 15.5.6: `allow` names what is possible. */
export class MethodNotAllowedError extends HttpError {
  readonly code = 'method_not_allowed';
  readonly status = 405;
  constructor(allow: string) {
    super(`The method is not one of ${allow}.`, { headers: { Allow: allow } });
  }
}

export class NotAcceptableError extends HttpError {
  readonly code = 'not_acceptable';
  readonly status = 406;
  constructor(formats: 'json-xml' | 'json-xml-csv' | 'json' = 'json-xml') {
    const csv = formats === 'json-xml-csv' ? ', and CSV (text/csv)' : '';
    const xml = ` and XML (application/xml, text/xml)${csv}`;
    super(`There is JSON (application/json)${formats === 'json' ? ' only' : xml}.`);
  }
}

export class BodyTooLargeError extends HttpError {
  readonly code = 'content_too_large';
  readonly status = 413;
  constructor() {
    super('The body is too large.');
  }
}

export class UnsupportedMediaTypeError extends HttpError {
  readonly code = 'unsupported_media_type';
  readonly status = 415;
}

/** RFC 9110 section 15.5.20: the Host is none of ours. */
export class MisdirectedRequestError extends HttpError {
  readonly code = 'misdirected_request';
  readonly status = 421;
  constructor() {
    super('While the sandbox is on, the host must be a name of this machine.');
  }
}

/** More requests are being answered than the limits allow. Nothing was done for this one. */
export class OverloadedError extends AppError {
  readonly code = 'overloaded';
  readonly kind: ErrorKind = 'unavailable';
  constructor() {
    super('The service has too many requests to answer.', { details: { retryAfterSeconds: 1 } });
  }
}
