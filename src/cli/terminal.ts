/** What a command talks through: the streams of the process, or those of a test. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** What was asked for: it can be piped on. */
  print(line: string): void;
  /** What is said beside it. */
  say(line: string): void;
}

const MAX_BYTES = 4096;

/**
 * Reads one line from standard input: passwords never come as arguments, where every process of the machine sees them.
 * @returns the line without its end; empty where the input ended at once
 */
export const readSecret = async ({ input, say }: Terminal, prompt: string): Promise<string> => {
  if (input.isTTY === true) say(prompt);
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_BYTES) break;
  }
  return text.split('\n')[0]?.replace(/\r$/, '') ?? '';
};

/** Rows of equal columns. */
export const formatTable = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
