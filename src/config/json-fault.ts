/** Where a text stops being JSON, and what is wrong there. */
export interface JsonFault {
  /** From 1 on. */
  readonly line: number;
  /** Counted in UTF-16 units, from 1 on. */
  readonly column: number;
  readonly reason: string;
}

type Expectation = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | ', or }' | ', or ]' | 'end';
type TokenKind = 'string' | 'literal' | '{' | '}' | '[' | ']' | ',' | ':';
/** `done`: a value is over, or the object or the list that it closes. */
type Step = Expectation | 'open' | 'close' | 'done';

/** RFC 8259 sections 4 to 7. */
const grammar: Readonly<Record<Expectation, Partial<Record<TokenKind, Step>>>> = {
  value: { string: 'done', literal: 'done', '{': 'open', '[': 'open' },
  'value or ]': { string: 'done', literal: 'done', '{': 'open', '[': 'open', ']': 'close' },
  name: { string: 'colon' },
  'name or }': { string: 'colon', '}': 'close' },
  colon: { ':': 'value' },
  ', or }': { ',': 'name', '}': 'close' },
  ', or ]': { ',': 'value', ']': 'close' },
  end: {},
};

const reasons: Readonly<Record<Expectation, string>> = {
  value: 'a value is expected',
  'value or ]': 'a value or ] is expected',
  name: 'a name in double quotes is expected',
  'name or }': 'a name in double quotes or } is expected',
  colon: 'a colon is expected',
  ', or }': 'a comma or } is expected',
  ', or ]': 'a comma or ] is expected',
  end: 'there is more after the end',
};

const WHITE_SPACE = /[ \t\n\r]*/y;
const CHARACTERS = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*/y;
const LITERAL = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** @returns the end of what the pattern finds at `from`; undefined where it finds nothing there */
const endOf = (pattern: RegExp, text: string, from: number): number | undefined => {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
};

type Token =
  | { readonly kind: TokenKind; readonly end: number }
  | { readonly kind: 'fault'; readonly at: number; readonly reason?: string };

const stringAt = (text: string, from: number): Token => {
  const end = endOf(CHARACTERS, text, from + 1) ?? from + 1;
  if (text[end] === '"') return { kind: 'string', end: end + 1 };
  const isEscape = text[end] === '\\';
  return isEscape
    ? { kind: 'fault', at: end, reason: 'a backslash stands before something that it cannot escape' }
    : { kind: 'fault', at: end, reason: 'the double quotes are not closed' };
};

const hints: readonly (readonly [RegExp, string])[] = [
  [/^\/[/*]|^#/, 'there are no comments in JSON'],
  [/^'/, 'names and texts stand in double quotes'],
  [/^\uFEFF/, 'the file begins with a byte order mark'],
];

const tokenAt = (text: string, from: number): Token => {
  const character = text[from] ?? '';
  if (character === '"') return stringAt(text, from);
  if (/^[{}[\],:]$/.test(character)) return { kind: character as TokenKind, end: from + 1 };
  const end = endOf(LITERAL, text, from);
  if (end !== undefined) return { kind: 'literal', end };
  const hint = hints.find(([pattern]) => pattern.test(text.slice(from, from + 2)));
  return { kind: 'fault', at: from, ...(hint && { reason: hint[1] }) };
};

const isCommaTooMany = (expected: Expectation, token: Token, before: string): boolean =>
  before === ',' && ((expected === 'name' && token.kind === '}') || (expected === 'value' && token.kind === ']'));

const afterValue = (open: readonly string[]): Expectation => {
  const innermost = open.at(-1);
  if (innermost === undefined) return 'end';
  return innermost === '{' ? ', or }' : ', or ]';
};

/** Takes one step of the grammar. @returns what may come next; undefined where the token may not stand there */
const follow = (expected: Expectation, kind: TokenKind, open: string[]): Expectation | undefined => {
  const step = grammar[expected][kind];
  switch (step) {
    case 'open':
      open.push(kind);
      return kind === '{' ? 'name or }' : 'value or ]';
    case 'close':
      open.pop();
      return afterValue(open);
    case 'done':
      return afterValue(open);
    default:
      return step;
  }
};

interface Position {
  readonly at: number;
  readonly reason: string;
}

const findFault = (text: string): Position | undefined => {
  const open: string[] = [];
  let expected: Expectation = 'value';
  let before = '';
  for (let at = 0; ;) {
    at = endOf(WHITE_SPACE, text, at) ?? at;
    if (at === text.length) {
      return expected === 'end' ? undefined : { at, reason: `the file ends here, and ${reasons[expected]}` };
    }
    const token = tokenAt(text, at);
    if (token.kind === 'fault') return { at: token.at, reason: token.reason ?? reasons[expected] };
    const next = follow(expected, token.kind, open);
    if (next === undefined) {
      return {
        at,
        reason: isCommaTooMany(expected, token, before) ? 'there is a comma too many before it' : reasons[expected],
      };
    }
    before = token.kind;
    expected = next;
    at = token.end;
  }
};

/**
 * Finds out why a text is no JSON. The parser of Node tells it in other words in each version, and not always where.
 * @returns undefined where it is JSON
 */
export const faultOfJson = (text: string): JsonFault | undefined => {
  const fault = findFault(text);
  if (fault === undefined) return undefined;
  const lines = text.slice(0, fault.at).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, reason: fault.reason };
};
