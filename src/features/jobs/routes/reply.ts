import type { ServerResponse } from 'node:http';
import type { Format } from '../../../http/negotiate.ts';
import { noStore, send } from '../../../http/reply.ts';
import { writeXml } from '../../../http/xml.ts';
import { toXml } from './representation.ts';

type Shown = Readonly<Record<string, unknown>>;

const contentTypes: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
};

interface ReplyOptions {
  /** 200 unless it says otherwise. */
  readonly status?: number;
  readonly format: Format;
  /** Of the element in XML: `job`, `jobs`. */
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Replies with one thing. */
export const replyWith = (
  response: ServerResponse,
  content: Shown,
  { status = 200, format, name, headers = {} }: ReplyOptions,
): void => {
  const body = format === 'json' ? JSON.stringify(content) : writeXml({ name, content: toXml(content) });
  send(response, { status, contentType: contentTypes[format], body, headers });
};

/** Replies with a list: an array in JSON; in XML `next` is an attribute of the list. */
export const replyWithList = (
  response: ServerResponse,
  items: readonly Shown[],
  { format, name, headers = {}, next = null }: ReplyOptions & { readonly next?: string | null },
): void => {
  const attributes = next === null ? {} : { next };
  const body = format === 'json' ? JSON.stringify(items) : writeXml({ name, attributes, content: items.map(toXml) });
  send(response, { status: 200, contentType: contentTypes[format], body, headers });
};

export const replyWithNothing = (response: ServerResponse): void => {
  response.writeHead(204, noStore).end();
};
