import { stringify } from 'csv-stringify/sync';
import type { XmlObject } from '../../../http/xml.ts';

/** A row of a table: by the names of its columns. */
type Cells = Readonly<Record<string, string | number | boolean | null | undefined>>;

const PLAIN_E164 = /^\+[1-9][0-9]{1,14}$/;

/** A spreadsheet takes for a formula what begins with one of some signs: it gets a quote before it. A plain number does no harm. */
const cast = {
  string: (value: string) => (PLAIN_E164.test(value) ? { value, escape_formulas: false } : value),
  boolean: String,
};

/** RFC 4180 section 2. A line break of any kind is quoted: some readers begin a row at each. */
const form = { escape_formulas: true, record_delimiter: 'windows', quote_record_delimiter: true } as const;

/** Rows without a header. */
export const writeRows = (rows: readonly Cells[], columns: readonly string[]): string =>
  rows.length === 0 ? '' : stringify([...rows], { columns: [...columns], cast, ...form });

/** The first row. */
export const writeHeader = (columns: readonly string[]): string => `${columns.join(',')}\r\n`;

const callFields = [
  ...['token_call', 'href', 'state', 'outcome', 'ended_by', 'ended_leg', 'number', 'user', 'client'],
  ...['created_at', 'answered_at', 'connected_at', 'ended_at', 'talk_seconds', 'test'],
];
const legFields = [
  ...['address', 'state', 'sip_status', 'q850_cause', 'reason', 'ringing_at', 'answered_at', 'ended_at'],
];

/** The names of JSON; those of a leg behind its role: `callee_sip_status`. */
export const callColumns: readonly string[] = [
  ...callFields,
  ...['caller', 'callee'].flatMap((role) => legFields.map((name) => `${role}_${name}`)),
];

type Cell = Cells[string];

const legCells = ({ role, ...leg }: XmlObject): [string, Cell][] =>
  Object.entries(leg).map(([name, value]) => [`${role as string}_${name}`, value as Cell]);

/** A call as one row. @param call - as the API shows it */
export const callCells = ({ legs, ...call }: XmlObject): Cells =>
  Object.fromEntries([
    ...(Object.entries(call) as [string, Cell][]),
    ...(legs as readonly XmlObject[]).flatMap(legCells),
  ]);
