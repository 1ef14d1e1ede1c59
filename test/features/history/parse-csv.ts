/** Reads a table as RFC 4180 section 2 writes it. */
export const parseCsv = (text: string): string[][] => {
  const rows: string[][] = [[]];
  // A field, quoted or not, and what is behind it.
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows.slice(0, -1);
};
