import { parseStringPromise } from 'xml2js';
import { InvalidRequestError } from './errors.ts';

const ROOT = 'call';
/** More than any request of ours needs; each element costs memory and, nested, depth. */
const MAX_TAGS = 64;

const refuse = (cause?: unknown): never => {
  throw new InvalidRequestError('The body is not the XML of a call.', { cause });
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The elements within `<call>`. A document type is refused before anything parses it: entities are how XML reads
 * files and eats memory.
 * @throws InvalidRequestError
 */
export const parseCallXml = async (text: string): Promise<Readonly<Record<string, unknown>>> => {
  if (/<!DOCTYPE|<!ENTITY/i.test(text) || text.split('<').length > MAX_TAGS) return refuse();
  const options = { explicitArray: false, ignoreAttrs: true, trim: true };
  const document = (await parseStringPromise(text, options).catch(refuse)) as unknown;
  if (!isRecord(document) || !Object.hasOwn(document, ROOT)) return refuse();
  const call = document[ROOT];
  if (call === '') return {};
  return isRecord(call) ? call : refuse();
};
