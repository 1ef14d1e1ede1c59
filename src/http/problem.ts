import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { resourceMetadataOf } from '../oauth/server/server-metadata.ts';
import { AppError, type ErrorKind } from '../shared/errors.ts';
import { type ChallengeContext, challengeOf } from './challenge.ts';
import { BodyTooLargeError, HttpError, InvalidRequestError, UnsupportedMediaTypeError } from './errors.ts';
import { negotiateProblem } from './negotiate.ts';
import { problemTypes, problemTypeUrl } from './problem-types/problem-types.ts';
import { retryHeaders } from './rate-limit.ts';
import { prepare, type ReadyReply, send } from './reply.ts';
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
  /** An address that says what the problem means. */
  readonly type: string;
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

const UNKNOWN_FAULT = { code: 'internal_error', message: null, details: undefined };
/** RFC 9457 section 4.2.1: the title is then that of the status. */
const UNTYPED = 'about:blank';

const problemOf = (error: AppError | undefined, publicUrl: string): Problem => {
  const status = statusOf(error);
  const { code, message: detail, details: facts = {} } = error ?? UNKNOWN_FAULT;
  const known = problemTypes.get(code);
  const details = Object.entries(facts).filter((entry): entry is [string, string] => isPlain(entry[1]));
  return {
    ...Object.fromEntries(details),
    type: known === undefined ? UNTYPED : problemTypeUrl(publicUrl, code),
    title: known?.title ?? STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
  };
};

const headersOf = (error: AppError | undefined, context: ChallengeContext): Record<string, string> => {
  const challenge = error === undefined ? undefined : challengeOf(error, context);
  return {
    ...(error instanceof HttpError && error.headers),
    ...(challenge !== undefined && { 'WWW-Authenticate': challenge }),
    ...(error !== undefined && retryHeaders(error)),
  };
};

const toJson = ({ detail, ...problem }: Problem): string =>
  JSON.stringify(detail === null ? problem : { ...problem, detail });

/** RFC 9457 appendix B. */
const toXml = (problem: Problem): string =>
  writeXml({ name: 'problem', attributes: { xmlns: PROBLEM_NAMESPACE }, content: problem });

/**
 * Replies with an error as an RFC 9457 problem, in JSON or in XML by the client's Accept.
 * What is no AppError is a bare 500 that says nothing of our insides: the caller logs it.
 * @param publicUrl - base of the address in `type`, and of the one that a request without a token is referred to (RFC 9728
 * section 5.1); without it, `type` is relative and there is no such reference
 */
export const sendProblem = (
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  publicUrl?: string,
): void => {
  const error = asAppError(thrown);
  const problem = problemOf(error, publicUrl ?? '');
  const { accept, authorization } = request.headers;
  const isXml = negotiateProblem(accept) === 'xml';
  const resourceMetadata = publicUrl === undefined ? undefined : resourceMetadataOf(publicUrl);
  send(response, {
    status: problem.status,
    contentType: isXml ? 'application/problem+xml; charset=utf-8' : 'application/problem+json',
    body: isXml ? toXml(problem) : toJson(problem),
    headers: headersOf(error, { authorization, resourceMetadata }),
  });
};

/** A problem that is sent to whoever asks too much: in JSON, and readable for front-ends of any origin. */
export const prepareProblem = (error: AppError, publicUrl: string): ReadyReply => {
  const problem = problemOf(error, publicUrl);
  return prepare({
    status: problem.status,
    contentType: 'application/problem+json',
    body: toJson(problem),
    headers: {
      ...headersOf(error, { authorization: undefined, resourceMetadata: undefined }),
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Expose-Headers': 'Retry-After, X-Request-Id',
    },
  });
};
