import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';

/** What a command talks through: the streams of the process, or those of a test. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** What was asked for: it can be piped on. */
  readonly print: (line: string) => void;
  /** What is said beside it. */
  readonly say: (line: string) => void;
  /** Writes to the screen as it stands, no end of line added; absent where nobody looks at one. */
  readonly draw?: (text: string) => void;
  /**
   * Has something done instead of ending at the next Ctrl-C; one after it ends the process.
   * @returns what takes that back
   */
  readonly onInterrupt?: (task: () => void) => () => void;
}

const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * Reads one line from standard input: passwords never come as arguments, where every process of the machine sees them.
 * What a person types is not shown.
 * @returns the line without its end; empty where the input ended at once
 */
export const readSecret = async ({ input, say }: Terminal, prompt: string): Promise<string> => {
  const isTyped = input.isTTY === true;
  if (isTyped) say(prompt);
  return firstLineOf(createInterface({ input, output: nowhere(), terminal: isTyped, historySize: 0 }));
};

/**
 * Asks the person at the terminal, who sees what they type.
 * @returns the line without its end; empty where the input ended at once
 */
export const ask = ({ input, say }: Terminal, question: string): Promise<string> => {
  say(question);
  return firstLineOf(createInterface({ input }));
};

const firstLineOf = async (lines: Interface): Promise<string> => {
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
};

const formatRow = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();

/** Rows of equal columns. */
export const formatTable = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => formatRow(row, widths)).join('\n');
};
