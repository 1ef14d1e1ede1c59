import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseStringPromise } from 'xml2js';
import { InvalidRequestError, UnsupportedMediaTypeError } from './errors.ts';
import { plusPerhapsLostIn } from './lost-plus.ts';
import { receiveBody } from './receive-body.ts';

/** The fields of a body, not yet checked; only the names that a route knows are read. */
export type Fields = Readonly<Record<string, unknown>>;

/** A body as it was sent. */
export interface Body {
  readonly fields: Fields;
  /** Fields of a form that were sent more than once; `fields` has their first value. */
  readonly repeated: ReadonlySet<string>;
  /** Fields of a form before whose first digit a raw `+` stood: it is a blank, or a plus that was not escaped. */
  readonly plusPerhapsLost: ReadonlySet<string>;
}

type Parse = (text: string) => Body | Promise<Body>;

const none: ReadonlySet<string> = new Set();

const bodyOf = (fields: Fields): Body => ({ fields, repeated: none, plusPerhapsLost: none });

const MAX_BYTES = 16 * 1024;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `curl -d` and many libraries call whatever they send a form. */
const refuseOtherThanForm = (text: string): void => {
  const [, sign] = /^\s*([{[<])/.exec(text) ?? [];
  if (sign === undefined) return;
  const [name, type] = sign === '<' ? ['XML', 'application/xml'] : ['JSON', 'application/json'];
  throw new InvalidRequestError(`The body looks like ${name} but is sent as a form: add Content-Type: ${type}.`);
};

const parseForm: Parse = (text) => {
  refuseOtherThanForm(text);
  const fields = new Map<string, string>();
  let repeated: Set<string> | undefined;
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) (repeated ??= new Set()).add(name);
    else fields.set(name, value);
  }
  return {
    fields: Object.fromEntries(fields),
    repeated: repeated ?? none,
    plusPerhapsLost: plusPerhapsLostIn(text),
  };
};

const parseJson: Parse = (text) => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequestError('The body is not JSON.', { cause });
  }
  if (isRecord(value)) return bodyOf(value);
  throw new InvalidRequestError('The body is not a JSON object.');
};

const XML_ROOT = 'call';
/** More than any request of ours needs; each element costs memory and, nested, depth. */
const MAX_XML_TAGS = 256;

const refuseXml = (cause?: unknown): never => {
  throw new InvalidRequestError('The body is not the XML of a call.', { cause });
};

/**
 * The elements within `<call>`. A document type is refused before anything parses it: entities are how XML reads
 * files and eats memory.
 */
const parseCallXml: Parse = async (text) => {
  if (/<!DOCTYPE|<!ENTITY/i.test(text) || text.split('<').length > MAX_XML_TAGS) return refuseXml();
  const options = { explicitArray: false, ignoreAttrs: true, trim: true };
  const document = (await parseStringPromise(text, options).catch(refuseXml)) as unknown;
  if (!isRecord(document) || !Object.hasOwn(document, XML_ROOT)) return refuseXml();
  const call = document[XML_ROOT];
  if (call === '') return bodyOf({});
  return isRecord(call) ? bodyOf(call) : refuseXml();
};

/** In lower case, without parameters. */
export const mediaTypeOf = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();

/** A body without a type is read as the form that the documentation shows. */
const parserOf = (mediaType: string): Parse => {
  if (mediaType === '' || mediaType === 'application/x-www-form-urlencoded') return parseForm;
  if (mediaType === 'application/json' || mediaType.endsWith('+json')) return parseJson;
  if (mediaType === 'application/xml' || mediaType === 'text/xml' || mediaType.endsWith('+xml')) return parseCallXml;
  throw new UnsupportedMediaTypeError('The body must be a form, JSON or XML.', {
    headers: { Accept: 'application/x-www-form-urlencoded, application/json, application/xml' },
  });
};

/** Old form posts name other charsets and then send ASCII. */
const charsets: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'iso-8859-1', 'utf-16']);

const BYTE_ORDER_MARK = '\ufeff';

/** A TextDecoder takes several times as long for a body of this size. */
const decodeUtf8 = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw new TypeError('not UTF-8');
  const text = bytes.toString('utf8');
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
};

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]+)"?/i;

/**
 * The text of a body.
 * @throws InvalidRequestError when it is not written in its charset
 * @throws UnsupportedMediaTypeError when the charset is none that we read
 */
export const decodeBody = (bytes: Buffer, contentType: string): string => {
  const charset = CHARSET.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (!charsets.has(charset)) throw new UnsupportedMediaTypeError('The charset of the body is not supported.');
  try {
    return charset === 'utf-8' ? decodeUtf8(bytes) : new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidRequestError('The body is not written in its charset.', { cause });
  }
};

/**
 * Reads a body that is a form, JSON or `<call>` XML, perhaps compressed.
 * @throws InvalidRequestError when it cannot be read as what its type says
 * @throws UnsupportedMediaTypeError when its type or charset is none that we read
 * @throws BodyTooLargeError above 16 KiB
 * @throws Error of body-parser, with a `status`, for one that is compressed
 */
export const readBody = async (request: IncomingMessage, response: ServerResponse): Promise<Body> => {
  const contentType = request.headers['content-type'] ?? '';
  const parse = parserOf(mediaTypeOf(contentType));
  const bytes = await receiveBody(request, { response, limitBytes: MAX_BYTES });
  return bytes.length === 0 ? bodyOf({}) : parse(decodeBody(bytes, contentType));
};

/**
 * The fields of a body, each sent once.
 * @throws InvalidRequestError when one was sent more than once, or the body cannot be read as what its type says
 * @throws UnsupportedMediaTypeError when its type or charset is none that we read
 * @throws BodyTooLargeError above 16 KiB
 * @throws Error of body-parser, with a `status`, for one that is compressed
 */
export const readFields = async (request: IncomingMessage, response: ServerResponse): Promise<Fields> => {
  const { fields, repeated } = await readBody(request, response);
  refuseRepeated(repeated);
  return fields;
};

/**
 * A field that comes twice has no one value.
 * @throws InvalidRequestError when a field was sent more than once
 */
export const refuseRepeated = (repeated: Body['repeated']): void => {
  const [field] = repeated;
  if (field !== undefined) throw new InvalidRequestError(`${field} was sent more than once.`, { details: { field } });
};
