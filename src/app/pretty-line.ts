/** What an entry's level is called, and its colour (ECMA-48, SGR). */
const levels: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  20: ['DEBUG', 36],
  30: ['INFO ', 32],
  40: ['WARN ', 33],
  50: ['ERROR', 31],
};

const BOLD = 1;
const FAINT = 2;

type Paint = (text: string, sgr: number) => string;

const paints: Readonly<Record<'coloured' | 'plain', Paint>> = {
  coloured: (text, sgr) => `\u001b[${sgr}m${text}\u001b[0m`,
  plain: (text) => text,
};

/** What would move the cursor, change colours or the direction of writing: others choose names and addresses. */
const visible = (text: string): string =>
  text.replace(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** Words and addresses stand as they are, everything else in quotes. */
const wordOf = (value: unknown): string => {
  const text = typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
  return visible(text);
};

const isNested = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields of fields by their path: `callee.reason`. */
const fieldsOf = (fields: object, prefix = ''): readonly (readonly [name: string, value: unknown])[] =>
  Object.entries(fields).flatMap(([name, value]) =>
    isNested(value) ? fieldsOf(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value] as const],
  );

/** The stack has lines of its own, below; what else an error has is fields of the entry. */
const split = (thrown: unknown): { readonly stack: string; readonly rest: unknown } => {
  if (!isNested(thrown) || !('stack' in thrown) || typeof thrown.stack !== 'string') return { stack: '', rest: thrown };
  const lines = thrown.stack.split('\n').map((line) => `    ${visible(line)}\n`);
  const rest = Object.entries(thrown).filter(([name]) => !['type', 'message', 'stack'].includes(name));
  return { stack: lines.join(''), rest: Object.fromEntries(rest) };
};

interface Entry {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
  readonly err?: unknown;
  readonly error?: unknown;
}

/** An entry of the log, as JSON, for a person at a terminal: time, level, message, fields, and the stack of an error below. */
export const prettyLine = (json: string, style: 'coloured' | 'plain'): string => {
  const { level, time, msg = '', err, error, ...fields } = JSON.parse(json) as Entry;
  const paint = paints[style];
  const [name, colour] = levels[level] ?? [String(level), BOLD];
  const { stack, rest } = split(err ?? error);
  const shown = rest === undefined ? fields : { ...fields, err: rest };
  const words = fieldsOf(shown).map(([field, value]) => ` ${paint(`${visible(field)}=`, FAINT)}${wordOf(value)}`);
  return `${paint(time, FAINT)} ${paint(name, colour)} ${paint(visible(msg), BOLD)}${words.join('')}\n${stack}`;
};
