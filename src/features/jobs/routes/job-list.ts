import { InvalidRequestError } from '../../../http/errors.ts';
import { parameter, type Query } from '../../../http/query.ts';
import type { JobQuery } from '../job-service.ts';
import type { JobStatus } from '../model.ts';

const statuses: readonly JobStatus[] = ['queued', 'running', 'finished', 'cancelled'];

const DEFAULT_LIMIT = 50;
const MOST = 500;
/** Longer ones are none of ours. */
const CURSOR_LENGTH = 200;

export const listParameters = ['project', 'status', 'limit', 'cursor'];

const refuse = (name: string, words: string): never => {
  throw new InvalidRequestError(`${name} must be ${words}.`, { details: { parameter: name } });
};

const wholeNumber = (text: string | undefined, most: number): number | undefined =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) && Number(text) <= most ? Number(text) : undefined;

const projectIn = (query: Query): number | undefined => {
  const text = parameter(query, 'project');
  if (text === undefined) return undefined;
  return wholeNumber(text, Number.MAX_SAFE_INTEGER) ?? refuse('project', 'the id of a project');
};

const statusIn = (query: Query): JobStatus | undefined => {
  const text = parameter(query, 'status');
  if (text === undefined) return undefined;
  return statuses.find((each) => each === text) ?? refuse('status', `one of ${statuses.join(', ')}`);
};

const limitIn = (query: Query): number => {
  const text = parameter(query, 'limit');
  if (text === undefined) return DEFAULT_LIMIT;
  return wholeNumber(text, MOST) ?? refuse('limit', `a number from 1 to ${MOST}`);
};

const cursorIn = (query: Query): string | undefined => {
  const text = parameter(query, 'cursor');
  if (text !== undefined && text.length > CURSOR_LENGTH) refuse('cursor', 'one of an earlier answer');
  return text;
};

/**
 * Which jobs are asked for.
 * @throws InvalidRequestError when a parameter is not valid, or was sent twice
 */
export const parseJobQuery = (query: Query): JobQuery => ({
  projectId: projectIn(query),
  status: statusIn(query),
  limit: limitIn(query),
  cursor: cursorIn(query),
});

/** The reference to the next page: RFC 8288. It never has the token in it. */
export const nextLink = (publicUrl: string, { projectId, status, limit }: JobQuery, next: string): string => {
  const parameters = new URLSearchParams();
  if (projectId !== undefined) parameters.set('project', String(projectId));
  if (status !== undefined) parameters.set('status', status);
  parameters.set('limit', String(limit));
  parameters.set('cursor', next);
  return `<${publicUrl}/api/v1/jobs.json?${parameters.toString()}>; rel="next"`;
};
