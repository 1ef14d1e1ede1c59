import type { IncomingMessage } from 'node:http';

/** The formats of `/rest` and of its problems. */
export type Format = 'json' | 'xml';

/** The formats of lists that a spreadsheet takes. */
export type ListFormat = Format | 'csv';

/** How much an `Accept` header wants a media type: `q`, and how exactly the matching range named it. */
interface Preference {
  readonly quality: number;
  readonly specificity: number;
}

const NAMED = 2;
const unwanted: Preference = { quality: 0, specificity: -1 };

const specificityOf = (range: string, type: string): number => {
  if (range === type) return NAMED;
  // Java sends a bare star, and means every type.
  if (range === '*/*' || range === '*') return 0;
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1)) ? 1 : -1;
};

/** A weight that cannot be read counts as none given: the type was named, so it is wanted. */
const qualityOf = (parameters: readonly string[]): number => {
  const weight = parameters.map((parameter) => parameter.trim()).find((parameter) => /^q=/i.test(parameter));
  const quality = weight === undefined ? 1 : Number.parseFloat(weight.slice(2));
  return Number.isNaN(quality) ? 1 : Math.min(Math.max(quality, 0), 1);
};

/** The most specific range decides, whatever its weight: RFC 9110 section 12.5.1. */
const preferenceFor = (accept: string, type: string): Preference => {
  let found = unwanted;
  for (const element of accept.split(',')) {
    const [range = '', ...parameters] = element.split(';');
    const specificity = specificityOf(range.trim().toLowerCase(), type);
    if (specificity > found.specificity) found = { quality: qualityOf(parameters), specificity };
  }
  return found;
};

/** Whether an `Accept` header takes a media type. */
export const acceptsType = (accept: string, type: string): boolean =>
  accept === '' || preferenceFor(accept, type).quality > 0;

const beats = (one: Preference, other: Preference): boolean =>
  one.quality > other.quality || (one.quality === other.quality && one.specificity > other.specificity);

/**
 * Whether a page is wanted: `text/html` is named, and nothing that gives JSON is wanted more.
 * `*` + `/*` and no `Accept` at all get JSON, so that curl sees what the documentation shows.
 */
export const prefersHtml = (request: Pick<IncomingMessage, 'headers'>): boolean => {
  const accept = request.headers.accept;
  if (accept === undefined || !/text\/html/i.test(accept)) return false;
  const html = preferenceFor(accept, 'text/html');
  return html.specificity === NAMED && html.quality > 0 && !beats(preferenceFor(accept, 'application/json'), html);
};

/** Browsers name XML for the sake of pages, and show JSON better. */
const isPageReader = (accept: string, xml: Preference): boolean => {
  const html = preferenceFor(accept, 'text/html');
  return html.specificity === NAMED && html.quality > 0 && html.quality >= xml.quality;
};

const bestOf = (accept: string, types: readonly string[]): Preference =>
  types.map((type) => preferenceFor(accept, type)).reduce((best, each) => (beats(each, best) ? each : best), unwanted);

/** What each format goes by. */
interface Types {
  readonly json: readonly string[];
  readonly xml: readonly string[];
}

const representation: Types = { json: ['application/json'], xml: ['application/xml', 'text/xml'] };

const problem: Types = {
  json: ['application/problem+json', ...representation.json],
  xml: ['application/problem+xml', ...representation.xml],
};

const negotiate = (accept: string | undefined, types: Types): Format | undefined => {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return 'json';
  const json = bestOf(accept, types.json);
  const xml = bestOf(accept, types.xml);
  if (json.quality === 0 && xml.quality === 0) return undefined;
  if (json.quality > 0 && isPageReader(accept, xml)) return 'json';
  return beats(xml, json) ? 'xml' : 'json';
};

/**
 * The format that an `Accept` header wants; JSON where it has no wish, where it wants both alike, and for a browser.
 * @returns undefined where it accepts neither: 406 (RFC 9110 section 15.5.7)
 */
export const negotiateFormat = (accept: string | undefined): Format | undefined => negotiate(accept, representation);

/**
 * The same of a list that there is as CSV too: that is for who names it.
 * @returns undefined where it accepts none
 */
export const negotiateListFormat = (accept: string | undefined): ListFormat | undefined => {
  const others = [...representation.json, ...representation.xml];
  const csv = preferenceFor(accept ?? '', 'text/csv');
  const isNamed = csv.specificity === NAMED && csv.quality > 0;
  return isNamed && !beats(bestOf(accept ?? '', others), csv) ? 'csv' : negotiateFormat(accept);
};

/** The format of a problem: the same choice, also by the types of RFC 9457; JSON where neither is accepted. */
export const negotiateProblem = (accept: string | undefined): Format => negotiate(accept, problem) ?? 'json';
