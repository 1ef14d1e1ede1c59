import type { ListFormat } from '../../../http/negotiate.ts';
import { wrapXml, writeXmlItems, type XmlObject } from '../../../http/xml.ts';
import { callCells, callColumns, writeHeader, writeRows } from './csv.ts';

/** How a list is written: a few calls at a time, and what stands around them. */
interface ListForm {
  readonly contentType: string;
  readonly separator: string;
  write(calls: readonly XmlObject[]): string;
  wrap(written: string, next: string | null): string;
}

const forms: Readonly<Record<ListFormat, ListForm>> = {
  json: {
    contentType: 'application/json; charset=utf-8',
    separator: ',',
    write: (calls) => calls.map((call) => JSON.stringify(call)).join(','),
    wrap: (written, next) => `{"calls":[${written}],"next":${JSON.stringify(next)}}`,
  },
  xml: {
    contentType: 'application/xml; charset=utf-8',
    separator: '',
    write: (calls) => writeXmlItems('call', calls),
    wrap: (written, next) => wrapXml({ name: 'calls', ...(next !== null && { attributes: { next } }) }, written),
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    separator: '',
    write: (calls) => writeRows(calls.map(callCells), callColumns),
    // A table has no place for it: it is in Link.
    wrap: (written) => writeHeader(callColumns) + written,
  },
};

/** The body of a page, written while its calls are read: no step of it is long. */
export class ListBody {
  readonly #form: ListForm;
  readonly #parts: string[] = [];

  constructor(format: ListFormat) {
    this.#form = forms[format];
  }

  get contentType(): string {
    return this.#form.contentType;
  }

  add(calls: readonly XmlObject[]): void {
    if (calls.length > 0) this.#parts.push(this.#form.write(calls));
  }

  /** @param next - the cursor of the next page */
  end(next: string | null): string {
    return this.#form.wrap(this.#parts.join(this.#form.separator), next);
  }
}
