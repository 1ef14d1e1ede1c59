import type { Request, Response } from 'express';
import { InvalidRequestError } from '../../../http/errors.ts';
import type { Format } from '../../../http/negotiate.ts';
import { parameter, type Query } from '../../../http/query.ts';
import type { Actor, JobServiceFace, JobWithRuns } from '../job-service.ts';

const MOST_WAIT_SECONDS = 60;

/**
 * How long a change is waited for, in milliseconds; 0 where it is not.
 * @throws InvalidRequestError when it is no number of seconds, or too long
 */
export const waitIn = (query: Query): number => {
  const text = parameter(query, 'wait') ?? '0';
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : Infinity;
  if (seconds <= MOST_WAIT_SECONDS) return seconds * 1000;
  throw new InvalidRequestError(`wait must be a number of seconds, 0 to ${MOST_WAIT_SECONDS}.`, {
    details: { parameter: 'wait' },
  });
};

/** Weak: two jobs of one version are the same to a reader, whatever their bytes (RFC 9110 section 8.8.1). */
export const tagOf = ({ job: { version } }: JobWithRuns, format: Format): string => `W/"${version}-${format}"`;

/** Whether the client has that one already; weak comparison, RFC 9110 section 13.1.2. */
export const hasSeen = ({ headers }: Request, tag: string): boolean => {
  const strong = (text: string): string => text.trim().replace(/^W\//, '');
  const known = headers['if-none-match']?.split(',').map(strong) ?? [];
  return known.includes('*') || known.includes(strong(tag));
};

interface Watched {
  readonly actor: Actor;
  readonly id: number;
  readonly format: Format;
  readonly waitMs: number;
}

/**
 * The job: at once where the client has not seen it as it is, else once it changes, or when the time is over.
 * @returns undefined where the client has gone meanwhile
 */
export const watchJob = async (
  jobs: Pick<JobServiceFace, 'job' | 'watchJob'>,
  { request, response }: { readonly request: Request; readonly response: Response },
  { actor, id, format, waitMs }: Watched,
): Promise<JobWithRuns | undefined> => {
  const seen = await jobs.job(actor, id);
  if (waitMs === 0 || !hasSeen(request, tagOf(seen, format))) return seen;
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  response.on('close', abort);
  try {
    const watched = await jobs.watchJob(actor, id, { version: seen.job.version, waitMs, signal: gone.signal });
    return gone.signal.aborted ? undefined : watched;
  } catch (error) {
    if (gone.signal.aborted) return undefined;
    throw error;
  } finally {
    response.off('close', abort);
  }
};
