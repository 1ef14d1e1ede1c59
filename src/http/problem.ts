import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { AppError, type ErrorKind } from '../shared/errors.ts';
import { type ChallengeContext, challengeOf } from './challenge.ts';
import { BodyTooLargeError, HttpError, InvalidRequestError, UnsupportedMediaTypeError } from './errors.ts';
import { negotiateFormat } from './negotiate.ts';
import { send } from './reply.ts';
import { writeXml, type XmlObject } from './xml.ts';

const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  limited: 429,
  unavailable: 503,
};

const PROBLEM_NAMESPACE = 'urn:ietf:rfc:7807';

/** RFC 9457 section 3, with our stable `code` as an extension. */
interface Problem extends XmlObject {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string | null;
  readonly code: string;
}

/** What is no AppError is a fault of ours. */
export const statusOf = (error: unknown): number => {
  if (error instanceof HttpError) return error.status;
  return error instanceof AppError ? statusOfKind[error.kind] : 500;
};

const isClientError = (error: unknown): error is { readonly status: number } =>
  error instanceof Error &&
  'status' in error &&
  typeof error.status === 'number' &&
  error.status >= 400 &&
  error.status < 500;

/** Express and its parsers throw errors with a status: those that blame the client become ours, without their text. */
export const asAppError = (error: unknown): AppError | undefined => {
  if (error instanceof AppError) return error;
  if (!isClientError(error)) return undefined;
  if (error.status === 413) return new BodyTooLargeError();
  if (error.status === 415) return new UnsupportedMediaTypeError('The encoding of the body is not supported.');
  return new InvalidRequestError('The request cannot be read.', { cause: error });
};

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const problemOf = (error: AppError | undefined): Problem => {
  const status = statusOf(error);
  const details = Object.entries(error?.details ?? {}).filter((entry): entry is [string, string] => isPlain(entry[1]));
  return {
    ...Object.fromEntries(details),
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error?.message ?? null,
    code: error?.code ?? 'internal_error',
  };
};

const headersOf = (error: AppError | undefined, context: ChallengeContext): Record<string, string> => {
  const challenge = error === undefined ? undefined : challengeOf(error, context);
  const retryAfter = error?.details?.['retryAfterSeconds'];
  return {
    ...(error instanceof HttpError && error.headers),
    ...(challenge !== undefined && { 'WWW-Authenticate': challenge }),
    ...(typeof retryAfter === 'number' && { 'Retry-After': String(retryAfter) }),
  };
};

const toJson = ({ detail, ...problem }: Problem): string =>
  JSON.stringify(detail === null ? problem : { ...problem, detail });

/** RFC 9457 appendix B. */
const toXml = (problem: Problem): string =>
  writeXml({ name: 'problem', attributes: { xmlns: PROBLEM_NAMESPACE }, content: problem });

const wantsXml = ({ headers: { accept } }: IncomingMessage): boolean =>
  accept !== undefined && (/application\/problem\+xml/i.test(accept) || negotiateFormat(accept) === 'xml');

/**
 * Replies with an error as an RFC 9457 problem, in JSON or in XML by the client's Accept.
 * What is no AppError is a bare 500 that says nothing of our insides: the caller logs it.
 * @param resourceMetadata - where a request without a token is referred to (RFC 9728 section 5.1)
 */
export const sendProblem = (
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  resourceMetadata?: string,
): void => {
  const error = asAppError(thrown);
  const problem = problemOf(error);
  const isXml = wantsXml(request);
  send(response, {
    status: problem.status,
    contentType: isXml ? 'application/problem+xml; charset=utf-8' : 'application/problem+json',
    body: isXml ? toXml(problem) : toJson(problem),
    headers: headersOf(error, { authorization: request.headers.authorization, resourceMetadata }),
  });
};
