import { InvalidRequestError } from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { parameter } from '../../../http/query.ts';
import type { Whose } from '../model.ts';
import { type Grouping, groupings, type SummaryRequest } from '../summary.ts';
import { readPeriod } from './moment.ts';

const MOST_DAYS = 400;
const DAY_MS = 24 * 60 * 60 * 1000;

const refuse = (name: string, why: string): InvalidRequestError =>
  new InvalidRequestError(`${name} ${why}`, { details: { parameter: name } });

/**
 * All parameters are known.
 * @throws InvalidRequestError where one is not, and would be ignored
 */
export const refuseUnknownInSummary = (query: URLSearchParams): void =>
  refuseUnknown('parameter', { names: [...query.keys()], known: ['since', 'until', 'by', 'all', 'access_token'] });

const isGrouping = (value: string): value is Grouping => groupings.includes(value as Grouping);

/**
 * Which figures are wanted; without `until`, up to now.
 * @throws InvalidRequestError where a parameter is not valid; `details.parameter` names it
 */
export const readSummary = (query: URLSearchParams, whose: Whose, now: number): SummaryRequest => {
  const by = parameter(query, 'by') ?? '';
  if (!isGrouping(by)) throw refuse('by', `must be one of ${groupings.join(', ')}.`);
  const { since, until } = readPeriod(query);
  if (since === null) throw refuse('since', 'is missing.');
  const end = until ?? now;
  if (end <= since) throw refuse('since', 'has not come yet.');
  if (end - since > MOST_DAYS * DAY_MS) throw refuse('since', `is more than ${MOST_DAYS} days before until.`);
  return { whose, since, until: end, by };
};
