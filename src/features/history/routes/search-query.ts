import type { Outcome } from '../../../calls/call-state.ts';
import { InvalidNumberError } from '../../../calls/errors.ts';
import { InvalidRequestError } from '../../../http/errors.ts';
import { refuseUnknown } from '../../../http/known-names.ts';
import { parameter } from '../../../http/query.ts';
import type { CallSearch, NumberSearch, Whose } from '../model.ts';
import { type Dialling, readSearchedNumber } from '../searched-number.ts';
import { readPeriod } from './moment.ts';

const known = [
  ...['state', 'since', 'until', 'number', 'outcome', 'client', 'user', 'all', 'limit', 'cursor'],
  'access_token',
];

const outcomes: Readonly<Record<Outcome, true>> = {
  completed: true,
  busy: true,
  declined: true,
  'no-answer': true,
  unreachable: true,
  failed: true,
  cancelled: true,
  lost: true,
};

const isOutcome = (value: string): value is Outcome => Object.hasOwn(outcomes, value);

const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 500;

const refuse = (name: string, why: string): InvalidRequestError =>
  new InvalidRequestError(`${name} ${why}`, { details: { parameter: name } });

/**
 * All parameters are known.
 * @throws InvalidRequestError where one is not, and would be ignored
 */
export const refuseUnknownFilters = (query: URLSearchParams): void =>
  refuseUnknown('parameter', { names: [...query.keys()], known });

const readState = (query: URLSearchParams): CallSearch['state'] => {
  const state = parameter(query, 'state');
  if (state === 'ended' || state === 'any') return state;
  throw refuse('state', 'must be ended or any.');
};

const readOutcome = (query: URLSearchParams): Outcome | null => {
  const outcome = parameter(query, 'outcome');
  if (outcome === undefined) return null;
  if (isOutcome(outcome)) return outcome;
  throw refuse('outcome', `must be one of ${Object.keys(outcomes).join(', ')}.`);
};

const readName = (query: URLSearchParams, name: 'client' | 'user'): string | null => {
  const value = parameter(query, name);
  if (value === '') throw refuse(name, 'is empty.');
  return value ?? null;
};

const readNumber = async (query: URLSearchParams, dialling: Dialling): Promise<NumberSearch | null> => {
  const text = parameter(query, 'number');
  if (text === undefined) return null;
  try {
    const number = await readSearchedNumber(text, dialling);
    if (number.kind === 'exact' || query.has('since')) return number;
  } catch (error) {
    if (!(error instanceof InvalidNumberError)) throw error;
    throw new InvalidRequestError(`number: ${error.message}`, { cause: error, details: { parameter: 'number' } });
  }
  throw refuse('number', 'is the beginning of numbers: that goes together with since.');
};

/**
 * So many calls a page.
 * @throws InvalidRequestError where it is no number from 1 to 500
 */
export const readLimit = (query: URLSearchParams): number => {
  const text = parameter(query, 'limit') ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MOST_LIMIT) return limit;
  throw refuse('limit', `must be 1 to ${MOST_LIMIT}.`);
};

/**
 * Which calls are wanted.
 * @throws InvalidRequestError where a parameter is not valid; `details.parameter` names it
 */
export const readSearch = async (query: URLSearchParams, whose: Whose, dialling: Dialling): Promise<CallSearch> => ({
  whose,
  state: readState(query),
  ...readPeriod(query),
  number: await readNumber(query, dialling),
  outcome: readOutcome(query),
  clientId: readName(query, 'client'),
  username: readName(query, 'user'),
});
