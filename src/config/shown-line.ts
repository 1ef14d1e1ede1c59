const MOST_BEFORE = 50;
const MOST = 100;

/** A text in double quotes, closed or not, with the colon that makes it a name; or anything else that stands together. */
const PIECE = /"(?:[^"\\]|\\.)*"?(\s*:)?|[^\s{}[\],:"]+/g;

const SECRET = /password|secret/i;

const starsOf = (text: string): string => text.replace(/[^"\s]/g, '*');

/** A name may be shown, and what is no text; on a line with a secret only the name of the secret itself. */
const isHarmless = (piece: string, isName: boolean, line: string): boolean => {
  if (SECRET.test(line)) return isName && /^"\w*(?:password|secret)\w*"\s*:$/i.test(piece);
  return isName || /^(?:true|false|null|[-+.\de]+|\/\/|\/\*|#|')$/i.test(piece);
};

const withoutSecrets = (line: string): string =>
  line.replace(PIECE, (piece: string, colon: string | undefined) => {
    if (isHarmless(piece, colon !== undefined, line)) return piece;
    return `${starsOf(piece.slice(0, piece.length - (colon?.length ?? 0)))}${colon ?? ''}`;
  });

/**
 * A line of a settings file with a mark under one of its characters. Texts are shown as stars, as long as they are: they
 * could be passwords, and the message ends in a log. Of a long line the part around the mark is shown.
 * @param column - from 1 on
 */
export const shownLine = (line: string, column: number): readonly [line: string, mark: string] => {
  const from = Math.max(0, column - 1 - MOST_BEFORE);
  // Control characters would move the mark away from its place, or do worse to a terminal.
  const shown = withoutSecrets(line).replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ');
  return [shown.slice(from, from + MOST).trimEnd(), `${' '.repeat(column - 1 - from)}^`];
};
