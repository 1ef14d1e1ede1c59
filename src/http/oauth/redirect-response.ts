import type { ServerResponse } from 'node:http';
import { Parameters } from '../../oauth/request/parameters.ts';

type Values = Readonly<Record<string, unknown>>;

const encode = (values: Values): string =>
  new Parameters(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();

/** What was registered stays as it is, its own query included (RFC 6749 section 3.1.2). */
const withQuery = (uri: string, values: Values): string => {
  const join = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  return `${uri}${join}${encode(values)}`;
};

const withFragment = (uri: string, values: Values): string => `${uri}#${encode(values)}`;

const places = { query: withQuery, fragment: withFragment } as const;

/** Where a redirect leads: an address of an application, with values in its query or its fragment. */
export interface RedirectWithValues {
  readonly uri: string;
  readonly place: keyof typeof places;
  readonly values: Values;
}

/** The address itself, for who sends the browser there later. */
export const locationWith = ({ uri, place, values }: RedirectWithValues): string => places[place](uri, values);

/** Sends the browser to an address that `locationWith` gave, as `redirectWith` does. */
export const redirectTo = (response: ServerResponse, location: string): void => {
  response.writeHead(303, { 'Cache-Control': 'no-store', Location: location }).end();
};

/**
 * Sends the browser back to an application, with values in the query or the fragment. 303, so that a form's password is
 * never posted on (RFC 9700 section 4.12), and never cached.
 */
export const redirectWith = (response: ServerResponse, target: RedirectWithValues): void =>
  redirectTo(response, locationWith(target));
