/** What can be written as XML: `null` is an omitted element. */
export type XmlValue = string | number | boolean | null | XmlObject | readonly XmlObject[];

export interface XmlObject {
  readonly [name: string]: XmlValue;
}

interface XmlElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly content: Exclude<XmlValue, null>;
}

const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** What XML 1.0 section 2.2 does not allow, even escaped; the flag `u` makes the surrogates those that stand alone. */
const NOT_ALLOWED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/gu;
const SPECIAL = /[&<>"'\r]/g;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would make a line feed of it: XML 1.0 section 2.11.
  '\r': '&#13;',
};

const escapeXml = (text: string): string =>
  text.replace(NOT_ALLOWED, '\ufffd').replace(SPECIAL, (character) => entities[character] ?? '');

/** `legs` holds elements called `leg`. */
const singular = (plural: string): string => plural.replace(/s$/, '');

const writeValue = (name: string, value: Exclude<XmlValue, null>): string => {
  if (Array.isArray(value)) return writeXmlItems(singular(name), value as readonly XmlObject[]);
  return typeof value === 'object' ? writeChildren(value as XmlObject) : escapeXml(String(value));
};

/** Elements of one name, one after the other: a part of a document. */
export const writeXmlItems = (name: string, items: readonly XmlObject[]): string =>
  items.map((item) => `<${name}>${writeChildren(item)}</${name}>`).join('');

const writeChildren = (object: XmlObject): string => {
  let text = '';
  for (const [name, value] of Object.entries(object)) {
    if (value !== null) text += `<${name}>${writeValue(name, value)}</${name}>`;
  }
  return text;
};

const writeAttributes = (attributes: Readonly<Record<string, string | number>>): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');

/** An XML 1.0 document of an element, around what stands in it. */
export const wrapXml = ({ name, attributes = {} }: Omit<XmlElement, 'content'>, inner: string): string =>
  `${XML_DECLARATION}<${name}${writeAttributes(attributes)}>${inner}</${name}>`;

/** An XML 1.0 document; a list called `calls` holds elements called `call`. The names of elements are not checked. */
export const writeXml = ({ content, ...element }: XmlElement): string =>
  wrapXml(element, writeValue(element.name, content));
