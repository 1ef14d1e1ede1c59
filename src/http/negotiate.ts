import type { IncomingMessage } from 'node:http';

/** The formats of `/rest` and of its problems. */
export type Format = 'json' | 'xml';

/** How much an `Accept` header wants a media type: `q`, and how exactly the matching range named it. */
interface Preference {
  readonly quality: number;
  readonly specificity: number;
}

const NAMED = 2;
const unwanted: Preference = { quality: 0, specificity: -1 };

const specificityOf = (range: string, type: string): number => {
  if (range === type) return NAMED;
  if (range === '*/*') return 0;
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

/**
 * The format that an `Accept` header wants; JSON where it has no wish, and where it wants both alike.
 * @returns undefined where it accepts neither: 406 (RFC 9110 section 15.5.7)
 */
export const negotiateFormat = (accept: string | undefined): Format | undefined => {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return 'json';
  const json = preferenceFor(accept, 'application/json');
  const applicationXml = preferenceFor(accept, 'application/xml');
  const textXml = preferenceFor(accept, 'text/xml');
  const xml = beats(textXml, applicationXml) ? textXml : applicationXml;
  if (json.quality === 0 && xml.quality === 0) return undefined;
  return beats(xml, json) ? 'xml' : 'json';
};
