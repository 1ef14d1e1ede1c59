import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { RequestContext } from './request-context.ts';

/** The only parameters whose values are written: tokens, codes, secrets and passwords also come in addresses. */
const harmless: ReadonlySet<string> = new Set(['token_call', 'all', 'response_type', 'grant_type', 'scope', 'error']);

/** Of these, the name is written. Of any other, nothing: it may be the rest of a password that had a bare `&` in it. */
const withheld: ReadonlySet<string> = new Set([
  'access_token',
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'device_code',
  'password',
  'redirect_uri',
  'refresh_token',
  'return_to',
  'state',
  'stream_token',
  'token',
  'user_code',
  'username',
]);

const redact = (url: string): string => {
  const start = url.indexOf('?');
  if (start === -1) return url;
  const query = new URLSearchParams(url.slice(start + 1));
  const parameters = [...query]
    .filter(([name]) => harmless.has(name) || withheld.has(name))
    .map(([name, value]) => `${name}=${harmless.has(name) ? value : '-'}`);
  return `${url.slice(0, start)}?${parameters.join('&')}`;
};

/** Clients poll their calls: a read of the API that succeeded is the most frequent request, and worth no line. */
const isPoll = (method: string, url: string, status: number | null): boolean =>
  status === 200 && method === 'GET' && url.startsWith('/rest/');

export interface AccessLogOptions {
  readonly log: Log;
  readonly clock: MonotonicClock;
  /** The client's address, as far as the proxies that we trust say. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** Writes one line a request, once its reply is gone. */
export const createAccessLog =
  ({ log, clock, addressOf }: AccessLogOptions) =>
  (request: IncomingMessage, response: ServerResponse, context: RequestContext): void => {
    const startedAt = clock.elapsed();
    const { method = '', url = '' } = request;
    // A connection that was cut does not know its peer any more.
    const ip = addressOf(request);
    response.once('close', () => {
      // Null: it was cut before there was a reply.
      const status = response.headersSent ? response.statusCode : null;
      if (isPoll(method, url, status)) return;
      const ms = Math.round(clock.elapsed() - startedAt);
      const { problem, requestId, traceId } = context;
      const line: Record<string, unknown> = { method, url: redact(url), ip, status, ms };
      if (problem !== undefined) line['problem'] = problem;
      line['request_id'] = requestId;
      if (traceId !== undefined) line['trace_id'] = traceId;
      log.info(line, 'request');
    });
  };
