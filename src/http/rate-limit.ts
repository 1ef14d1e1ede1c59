import type { ServerResponse } from 'node:http';
import { RateLimitedError, type RateStanding } from '../calls/errors.ts';
import type { AppError } from '../shared/errors.ts';

/** Of limits that do not say how they count: only that nothing is left. */
const UNNAMED = 'requests';

/** Both fields of draft-ietf-httpapi-ratelimit-headers-11: structured fields (RFC 9651), lists of strings with parameters. */
const standingHeaders = (standing: RateStanding): Record<string, string> => ({
  'RateLimit-Policy': `"${standing.policy}";q=${standing.quota};w=${standing.windowSeconds}`,
  RateLimit: `"${standing.policy}";r=${standing.remaining};t=${standing.resetSeconds}`,
});

/** Tells a requester how much is left; nothing where there is no limit. */
export const showStanding = (response: ServerResponse, standing: RateStanding | undefined): void => {
  if (standing === undefined) return;
  for (const [name, value] of Object.entries(standingHeaders(standing))) response.setHeader(name, value);
};

/** When to come back, of an error that says so; of one of a limit, also that nothing is left until then. */
export const retryHeaders = (error: AppError): Record<string, string> => {
  const retryAfter = error.details?.['retryAfterSeconds'];
  if (typeof retryAfter !== 'number') return {};
  const headers = { 'Retry-After': String(retryAfter) };
  if (error instanceof RateLimitedError) return { ...headers, ...standingHeaders(error.standing) };
  return error.kind === 'limited' ? { ...headers, RateLimit: `"${UNNAMED}";r=0;t=${retryAfter}` } : headers;
};
