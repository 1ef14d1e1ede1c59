import type { IncomingMessage } from 'node:http';
import type { AttemptResult } from './model.ts';

const MOST_RETRY_AFTER_MS = 60 * 60 * 1000;
const LEAST_RETRY_AFTER_MS = 1000;

/** RFC 9110 section 15: what a status means to the sender. */
export const resultOfReply = (response: IncomingMessage, now: number): AttemptResult => {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { kind: 'accepted', status };
  const error = status >= 300 && status < 400 ? `redirect ${status}, not followed` : `status ${status}`;
  const asks = status === 429 || status === 503;
  return { kind: 'refused', status, error, retryAfterMs: asks ? retryAfterOf(response, now) : undefined };
};

/** RFC 9110 section 10.2.3: seconds or a date. Bounded, so that no receiver parks what is for it for days. */
const retryAfterOf = ({ headers }: IncomingMessage, now: number): number | undefined => {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(wanted)) return undefined;
  return Math.min(Math.max(wanted, LEAST_RETRY_AFTER_MS), MOST_RETRY_AFTER_MS);
};

/** Words of ours: what a peer writes is not kept. */
const words: Readonly<Record<string, string>> = {
  TIMEOUT: 'no reply within 10 s',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection cut off',
  EPIPE: 'connection cut off',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name not found: DNS does not answer',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
  ETIMEDOUT: 'connection timed out',
};

const CODE = /^[A-Z][A-Z0-9_]{1,48}$/;

export const resultOfError = (error: Error): AttemptResult => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ADDRESS_REFUSED') return { kind: 'failed', why: 'barred', error: 'address refused' };
  const shown = code !== undefined && CODE.test(code) ? code : 'UNKNOWN';
  return { kind: 'failed', why: 'away', error: words[shown] ?? `connection failed: ${shown}` };
};
