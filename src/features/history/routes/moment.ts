import { z } from 'zod';
import { InvalidRequestError } from '../../../http/errors.ts';
import { parameter } from '../../../http/query.ts';

const day = z.iso.date();
const moment = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })]);

/** In an address a plus that is not escaped arrives as a blank; before an offset it can be nothing else. */
const LOST_PLUS = / (?=\d\d:\d\d$)/;

/**
 * The moment that a parameter names, in milliseconds since the epoch: ISO 8601 with an offset, or a day of UTC.
 * @returns null where it is not there
 * @throws InvalidRequestError where it is none
 */
export const readMoment = (query: URLSearchParams, name: string): number | null => {
  const text = parameter(query, name)?.trim().replace(LOST_PLUS, '+').toUpperCase();
  if (text === undefined) return null;
  if (moment.safeParse(text).success || day.safeParse(text).success) return Date.parse(text);
  throw new InvalidRequestError(
    `${name} must be a date and time with its offset, such as 2026-11-21T09:00:00Z or 2026-11-21T10:00:00%2B01:00, or a day of UTC.`,
    { details: { parameter: name } },
  );
};

/**
 * From a moment on and before another one.
 * @throws InvalidRequestError where one is none, or the second is not after the first
 */
export const readPeriod = (query: URLSearchParams) => {
  const [since, until] = [readMoment(query, 'since'), readMoment(query, 'until')];
  if (since === null || until === null || since < until) return { since, until };
  throw new InvalidRequestError('until must be after since.', { details: { parameter: 'until' } });
};
