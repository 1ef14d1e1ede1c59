import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallOrigin } from '../calls/call-command.ts';
import type { IdSource } from '../shared/ids.ts';

/** What ties the log lines of a request together, and to those of its call. */
export interface RequestContext extends CallOrigin {
  /** The code of the problem that it was answered with. */
  problem?: string;
}

const GIVEN_ID = /^[\w.-]{1,64}$/;
const MADE_ID_BITS = 96;

/** W3C Trace Context level 1, section 3.2: of a version that is not known yet, what it has in common with 00. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** The trace that a `traceparent` names; undefined where it is not valid, and so to be ignored. */
export const traceIdOf = (traceparent: string): string | undefined => {
  const [, version, traceId, more] = TRACEPARENT.exec(traceparent) ?? [];
  return version === '00' && more !== undefined ? undefined : traceId;
};

const contexts = new WeakMap<IncomingMessage, RequestContext>();

/** The name of a request: the `X-Request-Id` that it brings, or a new one. */
export const requestIdOf = ({ headers }: IncomingMessage, ids: IdSource): string => {
  const given = headers['x-request-id'];
  return typeof given === 'string' && GIVEN_ID.test(given) ? given : ids.random(MADE_ID_BITS);
};

/** Names a request, and its reply after it. */
export const openContext = (request: IncomingMessage, response: ServerResponse, ids: IdSource): RequestContext => {
  const { traceparent } = request.headers;
  const requestId = requestIdOf(request, ids);
  const traceId = typeof traceparent === 'string' ? traceIdOf(traceparent) : undefined;
  const context = { requestId, traceId };
  contexts.set(request, context);
  response.setHeader('X-Request-Id', requestId);
  return context;
};

/** That of a request which came in by way of `openContext`. */
export const contextOf = (request: IncomingMessage): RequestContext | undefined => contexts.get(request);

/** Notes what a request was answered with, for its line in the log. */
export const noteProblem = (request: IncomingMessage, code: string): void => {
  const context = contexts.get(request);
  if (context !== undefined) context.problem = code;
};

/** The request and its trace as fields of a log line. */
export const idsOf = (context: RequestContext | undefined): object => ({
  request_id: context?.requestId,
  ...(context?.traceId !== undefined && { trace_id: context.traceId }),
});
