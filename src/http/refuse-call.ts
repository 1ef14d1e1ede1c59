import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppError } from '../shared/errors.ts';
import type { IdSource } from '../shared/ids.ts';
import { openToOrigins } from './cors.ts';
import { negotiateProblem } from './negotiate.ts';
import { prepareProblem, sendProblem } from './problem.ts';
import { type ReadyReply, sendReady } from './reply.ts';
import { requestIdOf } from './request-context.ts';

/** Answers a new call that is not admitted. */
export type RefuseCall = (request: IncomingMessage, response: ServerResponse, refusal: AppError) => void;

/**
 * Refusing must cost nothing, or it is what an overloaded service does all day: what most clients get is made once for each
 * refusal, and sent with the name of the request. Neither token nor body is looked at.
 */
export const createCallRefusal = (publicUrl: string, ids: IdSource): RefuseCall => {
  const ready = new Map<AppError, ReadyReply>();
  const readyFor = (refusal: AppError): ReadyReply => {
    const known = ready.get(refusal);
    if (known !== undefined) return known;
    const made = prepareProblem(refusal, publicUrl);
    ready.set(refusal, made);
    return made;
  };
  return (request, response, refusal) => {
    const requestId = requestIdOf(request, ids);
    if (negotiateProblem(request.headers.accept) !== 'xml') {
      sendReady(response, readyFor(refusal), { 'X-Request-Id': requestId });
      return;
    }
    response.setHeader('X-Request-Id', requestId);
    openToOrigins(request, response);
    sendProblem(request, response, refusal, publicUrl);
  };
};
