import type { IncomingMessage } from 'node:http';
import { InvalidRequestError } from './errors.ts';

/** The parameters of an address; undefined where it has none. */
export type Query = URLSearchParams | undefined;

/** Without Express: its parser gives objects and arrays where we want text. */
export const queryOf = ({ url = '' }: IncomingMessage): Query => {
  const start = url.indexOf('?');
  return start === -1 ? undefined : new URLSearchParams(url.slice(start + 1));
};

/**
 * The value of a parameter, undefined where there is none.
 * @throws InvalidRequestError where there are two
 */
export const parameter = (query: Query, name: string): string | undefined => {
  const values = query?.getAll(name) ?? [];
  if (values.length > 1) throw new InvalidRequestError(`${name} was sent more than once.`);
  return values[0];
};
